import { IsIn, IsInt, Max, Min } from 'class-validator';
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
}
