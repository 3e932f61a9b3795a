import { Inject, Injectable } from '@nestjs/common';
import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';
import type { Logger } from 'pino';
import { OidcTrusts, type Identity, type OidcTrustEntity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { LOGGER } from '../tokens.js';
import { OidcIssuers } from './oidc-issuers.js';

/** Signatures by a private key only: an HMAC could be made with what everybody can fetch. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
/** A subject is 255 ASCII characters at most: OpenID Connect Core 1.0, section 2. */
const LONGEST_SUBJECT = 255;
const NOT_ASCII = /[^\x20-\x7e]/g;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** A verified token has what every token that is taken must have. */
type Claims = JWTPayload & { exp: number; iat: number };

/** Short-lived tokens of trusted issuers (CI systems): JSON Web Tokens, RFC 7519, judged as RFC 8725 says. */
@Injectable()
export class OidcTokens {
  constructor(
    private readonly trusts: OidcTrusts,
    private readonly issuers: OidcIssuers,
    private readonly settings: IngressGatewaySettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whom a token stands for; undefined for any token that is not taken: the log says why. */
  async identify(token: string): Promise<Identity | undefined> {
    const issuer = claimedIssuer(token);
    const trusts = issuer === undefined ? [] : await this.trusts.ofIssuer(issuer);
    // Nothing is fetched from an issuer that nobody trusts.
    if (issuer === undefined || trusts.length === 0) return undefined;
    try {
      const claims = await this.verified(token, issuer, trusts);
      const trust = trusts.find((one) => takes(one, claims));
      if (!trust) throw new errors.JWTInvalid('no trust in the issuer takes these claims');
      const identity = await this.trusts.identify(trust);
      if (!identity) return undefined;
      return { ...identity, validUntil: new Date(claims.exp * 1000), ...subjectOf(claims) };
    } catch (error) {
      // A key of the issuer that is too weak is a TypeError of jose.
      if (!(error instanceof errors.JOSEError) && !(error instanceof TypeError)) throw error;
      this.logger.info(
        { issuer, code: (error as { code?: string }).code, reason: error.message },
        'token refused',
      );
      return undefined;
    }
  }

  private async verified(token: string, issuer: string, trusts: readonly OidcTrustEntity[]): Promise<Claims> {
    const { oidcMaxLifetimeMs, oidcClockToleranceMs } = this.settings;
    const { payload } = await jwtVerify(token, await this.issuers.keysOf(issuer), {
      issuer,
      audience: trusts.map((trust) => trust.audience),
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'iat'],
      clockTolerance: oidcClockToleranceMs / 1000,
      // With it, jose refuses tokens from the future too.
      maxTokenAge: oidcMaxLifetimeMs / 1000,
    });
    const claims = payload as Claims;
    if ((claims.exp - claims.iat) * 1000 > oidcMaxLifetimeMs) {
      throw new errors.JWTInvalid(`the token is good for longer than ${oidcMaxLifetimeMs} ms`);
    }
    return claims;
  }
}

/** The issuer that a token says it is from: to be proved by its signature. */
function claimedIssuer(token: string): string | undefined {
  if (!JWT.test(token)) return undefined;
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' && iss.length <= 600 && !iss.includes('\0') ? iss : undefined;
  } catch {
    return undefined;
  }
}

function subjectOf({ sub }: Claims): Pick<Identity, 'tokenSubject'> {
  return sub === undefined ? {} : { tokenSubject: sub.replace(NOT_ASCII, '?').slice(0, LONGEST_SUBJECT) };
}

function takes(trust: OidcTrustEntity, claims: Claims): boolean {
  const audiences: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  return (
    audiences.includes(trust.audience) &&
    trust.claims.every(({ name, value }) => Object.hasOwn(claims, name) && claims[name] === value)
  );
}
