import type { AccessesSpec, Balance, PodSpec } from '@podway/contracts';

/** What a POD's file leaves to the gateway's settings. Times in milliseconds. */
export interface AccessDefaults {
  readonly failedMs: number;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

/** How accesses to one POD are taken: its file, completed. */
export interface AccessPolicy {
  readonly balance: Balance;
  readonly passive: { readonly failedAfter: number; readonly failedMs: number };
  readonly health?: HealthPolicy;
  readonly sticky?: { readonly cookie: string; readonly maxAgeSeconds?: number };
  readonly upgrades: boolean;
  readonly redirectToHttps: boolean;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

/** How a server's health is asked for. */
export interface HealthPolicy {
  readonly path: string;
  /** Value of the Host header. */
  readonly host?: string;
  /** Undefined: any from 200 to 399. */
  readonly expectStatus?: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyAfter: number;
  readonly unhealthyAfter: number;
}

export function accessPolicyOf(pod: PodSpec, defaults: AccessDefaults): AccessPolicy {
  const { health, passive, sticky, ...accesses }: AccessesSpec = pod.accesses ?? {};
  return {
    balance: accesses.balance ?? 'round-robin',
    passive: {
      failedAfter: passive?.failedAfter ?? 1,
      failedMs: passive?.failedMs ?? defaults.failedMs,
    },
    ...(health ? { health: healthPolicyOf(health, pod.hosts?.[0]) } : {}),
    ...(sticky
      ? {
          sticky: {
            cookie: sticky.cookie ?? 'podway_server',
            ...(sticky.maxAgeSeconds ? { maxAgeSeconds: sticky.maxAgeSeconds } : {}),
          },
        }
      : {}),
    upgrades: accesses.upgrades ?? true,
    redirectToHttps: accesses.redirectToHttps ?? false,
    maxBodyBytes: accesses.maxBodyBytes ?? defaults.maxBodyBytes,
    requestTimeoutMs: accesses.requestTimeoutMs ?? defaults.requestTimeoutMs,
    responseTimeoutMs: accesses.responseTimeoutMs ?? defaults.responseTimeoutMs,
  };
}

function healthPolicyOf(health: NonNullable<AccessesSpec['health']>, host: string | undefined): HealthPolicy {
  return {
    path: health.path ?? '/',
    ...(host === undefined ? {} : { host }),
    ...(health.expectStatus ? { expectStatus: health.expectStatus } : {}),
    intervalMs: health.intervalMs ?? 5_000,
    timeoutMs: health.timeoutMs ?? 2_000,
    healthyAfter: health.healthyAfter ?? 2,
    unhealthyAfter: health.unhealthyAfter ?? 3,
  };
}
