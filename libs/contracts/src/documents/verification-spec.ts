import { IsInt, IsOptional, IsUrl, Matches, Max, MaxLength, Min } from 'class-validator';

/** How the canary is watched. */
export class VerificationSpec {
  /** How long the canary is watched after its checks have passed: they are made again and again, in milliseconds. Default 0. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(10_800_000)
  bakeMs?: number;

  /** While it is watched: from the end of one round of checks to the next, in milliseconds. Default 5000. */
  @IsOptional()
  @IsInt()
  @Min(50)
  @Max(600_000)
  everyMs?: number;

  /** Prometheus that `metric` checks ask, reachable from the verifiers: `http://10.0.0.9:9090`. */
  @IsOptional()
  @Matches(/^https?:\/\/[^?#@\s]+$/, { message: 'must be like http://10.0.0.9:9090, without user and query' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  @MaxLength(300)
  metricsUrl?: string;
}

interface Verified {
  servers: unknown;
  checks: unknown;
  policy: unknown;
}

/** Checks that this POD cannot make. */
export function checksProblem({
  servers,
  checks,
  policy,
}: { readonly [K in keyof Verified]?: unknown }): string | undefined {
  if (!Array.isArray(checks)) return undefined;
  const probes = (checks as ({ probe?: unknown } | null)[]).map((check) => check?.probe);
  const { verification } = (policy ?? {}) as { verification?: { metricsUrl?: unknown } | null };
  if (probes.includes('metric') && typeof verification?.metricsUrl !== 'string')
    return 'a metric check needs policy.verification.metricsUrl';
  const isAlone = Array.isArray(servers) && servers.length === 1;
  return probes.includes('comparison') && isAlone
    ? 'a comparison check needs a POD of two servers and more'
    : undefined;
}
