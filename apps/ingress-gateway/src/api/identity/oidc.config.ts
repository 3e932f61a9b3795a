import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Setting } from '@podway/service-kit';
import { AccessSettings } from '../../accesses/access.config.js';

/** Settings about tokens of OIDC issuers. Times in milliseconds. */
export class OidcSettings extends AccessSettings {
  /** Longest time between issue and end of a token that is taken. */
  @Setting('PODWAY_OIDC_MAX_LIFETIME_MS', 'integer')
  @IsInt()
  @Min(60_000)
  @Max(86_400_000)
  oidcMaxLifetimeMs: number = 3_600_000;

  /** How far the clock of an issuer may be off. */
  @Setting('PODWAY_OIDC_CLOCK_TOLERANCE_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(300_000)
  oidcClockToleranceMs: number = 10_000;

  /** Longest wait for one answer of an issuer. */
  @Setting('PODWAY_OIDC_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(100)
  @Max(60_000)
  oidcTimeoutMs: number = 5_000;

  /** How long an issuer's keys are believed before they are asked for again. */
  @Setting('PODWAY_OIDC_CACHE_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  oidcCacheMs: number = 600_000;

  /** Least time before a token with an unknown key makes the gateway ask for an issuer's keys again. */
  @Setting('PODWAY_OIDC_COOLDOWN_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(600_000)
  oidcCooldownMs: number = 30_000;

  /** `true`: issuers on this machine may be reached over plain HTTP. For tests. */
  @Setting('PODWAY_OIDC_ALLOW_HTTP_LOOPBACK', 'boolean')
  @IsIn([true, false])
  oidcAllowHttpLoopback: boolean = false;

  /** Issuer that people may sign in to the dashboard with; its tokens need a trust. Unset: by API keys alone. */
  @Setting('PODWAY_SIGN_IN_ISSUER')
  @IsOptional()
  @IsString()
  @MaxLength(600)
  signInIssuer?: string;

  /** Id of the dashboard among the clients of that issuer: a public client, with PKCE. The trust's audience is the same. */
  @Setting('PODWAY_SIGN_IN_CLIENT_ID')
  @IsOptional()
  @IsString()
  @MaxLength(300)
  signInClientId?: string;

  /** Scopes that are asked for, with spaces between. */
  @Setting('PODWAY_SIGN_IN_SCOPE')
  @Matches(/^openid( [\x21\x23-\x5B\x5D-\x7E]+)*$/)
  @MaxLength(1000)
  signInScope: string = 'openid';

  /** Other addresses of that issuer, with commas between: where its tokens come from, if not from its own host. */
  @Setting('PODWAY_SIGN_IN_ORIGINS')
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  signInOrigins?: string;
}
