import { InvalidSettingsError } from '@podway/service-kit';
import { issuerUrlProblem } from '../api/identity/issuer-url.js';
import type { OidcSettings } from '../api/identity/oidc.config.js';

/** How people sign in at an OIDC issuer: what the dashboard is told, and whom it may ask. */
export interface SignIn {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** Origins that the browser may call for it. */
  readonly origins: readonly string[];
}

/**
 * Undefined where people sign in by API keys alone.
 * @throws InvalidSettingsError when an issuer is named and cannot be used.
 */
export function signInOf(settings: OidcSettings): SignIn | undefined {
  const { signInIssuer: issuer, signInClientId: clientId, signInScope: scope, signInOrigins } = settings;
  if (issuer === undefined && clientId === undefined) return undefined;
  if (issuer === undefined) throw new InvalidSettingsError(['PODWAY_SIGN_IN_ISSUER: is missing']);
  if (clientId === undefined) throw new InvalidSettingsError(['PODWAY_SIGN_IN_CLIENT_ID: is missing']);
  const origins = [issuer, ...(signInOrigins?.split(',') ?? [])].map((url) =>
    originOf(url, settings.oidcAllowHttpLoopback),
  );
  return { issuer, clientId, scope, origins: [...new Set(origins)] };
}

function originOf(url: string, allowHttpLoopback: boolean): string {
  const problem = issuerUrlProblem(url, allowHttpLoopback);
  if (problem !== undefined) throw new InvalidSettingsError([`PODWAY_SIGN_IN_*: ${url} ${problem}`]);
  return new URL(url).origin;
}
