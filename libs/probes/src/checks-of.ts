import {
  refuseForbiddenChecks,
  whyForbidden,
  type BundleManifest,
  type Check,
  type PodSpec,
  type ProbeKind,
  type UpdateSource,
} from '@podway/contracts';

/** Knows the manifests of stored artifacts, by their digests. */
export interface ManifestSource {
  manifest(digest: string): Promise<BundleManifest | undefined>;
}

/** Tests that a release must pass. */
export interface ReleaseChecks {
  readonly checks: Check[];
  /** How many of a kept release's own checks the POD does not allow any more. They are not made. */
  readonly leftOut: number;
}

/**
 * Every test that a release must pass on a server: the POD's own, and the update's.
 * @throws CheckNotAllowedError an update's check that the POD does not allow, although it should have been refused before.
 */
export async function checksOf(
  pod: PodSpec,
  source: UpdateSource | undefined,
  updates: ManifestSource,
): Promise<ReleaseChecks> {
  // Going back to a kept release: the checks of the update that made it hold again.
  const manifest = source?.artifact === undefined ? undefined : await updates.manifest(source.artifact);
  const own = manifest?.checks ?? [];
  // Going back may be the cure: a policy that has become stricter since does not stand in its way.
  if (source?.kind !== 'release') refuseForbiddenChecks(pod, own);
  const allowed = own.filter((check) => whyForbidden(pod, check) === undefined);
  return { checks: [...(pod.checks ?? []), ...allowed], leftOut: own.length - allowed.length };
}

const aboutCanary: readonly ProbeKind[] = ['comparison', 'metric'];

/**
 * The checks that every server must pass at the end: once each. Samples, and what is about the canary beside the others,
 * were seen on the canary; now watchdogs wait.
 */
export function forEveryServer(checks: readonly Check[]): Check[] {
  return checks
    .filter(({ probe }) => !aboutCanary.includes(probe))
    .map((check) => ({ ...check, samples: 1 }));
}

/** Whether a check needs servers on the old release. */
export function comparesWithOthers({ probe, maxRatio }: Check): boolean {
  return probe === 'comparison' || (probe === 'metric' && maxRatio !== undefined);
}
