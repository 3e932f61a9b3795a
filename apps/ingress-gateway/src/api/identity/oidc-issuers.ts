import { Injectable } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { issuerUrlProblem } from './issuer-url.js';
import { IssuerInvalidError, IssuerUnreachableError } from './oidc.errors.js';

/** Far more than any issuer's configuration or keys. */
const MOST_BYTES = 256 * 1024;
/** Issuers whose keys are kept. */
const MOST_ISSUERS = 200;

interface Known {
  readonly keys: Promise<JWTVerifyGetKey>;
  readonly since: number;
}

/** The keys of issuers, found by OpenID Connect Discovery 1.0 and kept for a while. Only asked for trusted issuers. */
@Injectable()
export class OidcIssuers {
  private readonly known = new Map<string, Known>();

  constructor(private readonly settings: IngressGatewaySettings) {}

  /** Finds the key that a token is signed with. @throws IssuerUnreachableError, IssuerInvalidError */
  keysOf(issuer: string): Promise<JWTVerifyGetKey> {
    const known = this.known.get(issuer);
    if (known && Date.now() - known.since < this.settings.oidcCacheMs) return known.keys;
    const keys = this.discover(issuer);
    this.known.delete(issuer);
    this.known.set(issuer, { keys, since: Date.now() });
    // Asked again at the next token, and by all who wait at once only once.
    keys.catch(() => this.known.delete(issuer));
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_ISSUERS) break;
      this.known.delete(oldest);
    }
    return keys;
  }

  private async discover(issuer: string): Promise<JWTVerifyGetKey> {
    const { oidcTimeoutMs, oidcCacheMs, oidcCooldownMs, oidcAllowHttpLoopback } = this.settings;
    const found = await this.configuration(issuer);
    if (found.issuer !== issuer)
      throw new IssuerInvalidError(issuer, 'its configuration names another issuer');
    const address = typeof found.jwks_uri === 'string' ? found.jwks_uri : '';
    const problem = issuerUrlProblem(address, oidcAllowHttpLoopback);
    if (problem !== undefined) throw new IssuerInvalidError(issuer, `jwks_uri ${problem}`);
    const keys = createRemoteJWKSet(new URL(address), {
      timeoutDuration: oidcTimeoutMs,
      cacheMaxAge: oidcCacheMs,
      cooldownDuration: oidcCooldownMs,
      [customFetch]: (url, { signal }) => fetchBounded(url, signal),
    });
    return async (header, token) => {
      try {
        return await keys(header, token);
      } catch (error) {
        throw isOfToken(error) ? error : new IssuerUnreachableError(issuer, error);
      }
    };
  }

  private async configuration(issuer: string): Promise<Record<string, unknown>> {
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    let response: Response;
    try {
      response = await fetchBounded(address, AbortSignal.timeout(this.settings.oidcTimeoutMs));
    } catch (error) {
      throw new IssuerUnreachableError(issuer, error);
    }
    if (response.status !== 200) {
      throw new IssuerUnreachableError(
        issuer,
        new Error(`its configuration is answered with ${response.status}`),
      );
    }
    const json: unknown = await response.json().catch(() => undefined);
    if (typeof json !== 'object' || json === null) {
      throw new IssuerInvalidError(issuer, 'its configuration is not JSON');
    }
    return json as Record<string, unknown>;
  }
}

/** The token names no key that the issuer has: not the issuer's fault. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** A whole answer, at most so many bytes of it; never from where a redirection leads. */
async function fetchBounded(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  return new Response(Buffer.concat(chunks), { status: response.status });
}
