import { IsBoolean, IsIn, IsInt, IsOptional, Matches, Max, MaxLength, Min } from 'class-validator';
import { Nested } from '../forms.js';

export const balances = ['round-robin', 'least-connections'] as const;
/** How accesses are spread over a POD's servers. Weights count in both. */
export type Balance = (typeof balances)[number];

/** Asking servers in rotation how they are, again and again. One that fails is passed over while others are there. */
export class HealthSpec {
  /** Path and query that is asked for. Default `/`. */
  @IsOptional()
  @Matches(/^\/[^\s\u0000-\u001f\u007f]*$/)
  @MaxLength(2000)
  path?: string;

  /** The status that must come. Default: any from 200 to 399. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(599)
  expectStatus?: number;

  /** From the end of one check to the next, in milliseconds. Default 5000. */
  @IsOptional()
  @IsInt()
  @Min(50)
  @Max(600_000)
  intervalMs?: number;

  /** Time for one check, in milliseconds. Default 2000. */
  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(60_000)
  timeoutMs?: number;

  /** Checks in a row that must pass before an unhealthy server is healthy. Default 2. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  healthyAfter?: number;

  /** Checks in a row that must fail before a healthy server is unhealthy. Default 3. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  unhealthyAfter?: number;
}

/** Accesses that fail say that a server is ill, without anybody asking it. */
export class PassiveHealthSpec {
  /** Accesses in a row that must fail. Default 1. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  failedAfter?: number;

  /** How long the server is then passed over while others are there, in milliseconds. Default: the setting PODWAY_ACCESS_FAILED_MS. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  failedMs?: number;
}

/** A visitor stays with one server as long as that is in rotation and healthy. */
export class StickySpec {
  /** Name of the cookie that the gateway sets. Default `podway_server`. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/)
  cookie?: string;

  /** How long the visitor's browser keeps it, in seconds. Default: until the browser is closed. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(31_536_000)
  maxAgeSeconds?: number;
}

/** How users' accesses to a POD are taken. What is left out follows the gateway's settings. */
export class AccessesSpec {
  /** `round-robin` (default): in turn. `least-connections`: to the server with the fewest running accesses. */
  @IsOptional()
  @IsIn(balances)
  balance?: Balance;

  /** Active checks. Default: none. */
  @IsOptional()
  @Nested(() => HealthSpec, { optional: true })
  health?: HealthSpec;

  @IsOptional()
  @Nested(() => PassiveHealthSpec, { optional: true })
  passive?: PassiveHealthSpec;

  /** Default: visitors go to any server at each access. */
  @IsOptional()
  @Nested(() => StickySpec, { optional: true })
  sticky?: StickySpec;

  /** `false`: requests to change the protocol (WebSocket) are taken as plain ones. Default `true`. */
  @IsOptional()
  @IsBoolean()
  upgrades?: boolean;

  /** `true`: an access over plain HTTP is sent to the same address over HTTPS. Default `false`. */
  @IsOptional()
  @IsBoolean()
  redirectToHttps?: boolean;

  /** Largest body of a request. Default: the setting PODWAY_ACCESS_MAX_BODY_BYTES. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1024 ** 4)
  maxBodyBytes?: number;

  /** Longest time for a request to arrive, its body included. Default: the setting PODWAY_ACCESS_REQUEST_TIMEOUT_MS. */
  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  requestTimeoutMs?: number;

  /** Longest wait for a server's response to begin, and for each next part of it. Default: the setting PODWAY_ACCESS_RESPONSE_TIMEOUT_MS. */
  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(3_600_000)
  responseTimeoutMs?: number;
}
