import { PodwayError, type PodSpec } from '@podway/contracts';
import { minInRotationOf } from '@podway/service-kit';

/** What is known of a server when the canary is chosen. */
export interface Candidate {
  readonly name: string;
  readonly quarantined: boolean;
  readonly inRotation: boolean;
  /** Its live state is the POD's current release. */
  readonly onCurrentRelease: boolean;
  /** Unset: the server could not be reached. */
  readonly load?: number;
  /** Why it could not be reached. */
  readonly problem?: string;
}

/** No server of the POD can take the update first. */
export class NoCanaryError extends PodwayError {}

/**
 * The canary by the POD's policy: healthy, not quarantined, and the least loaded or the first of the file.
 * A busy server is avoided as long as there is a less busy one. It must hold the current release: what the canary was
 * on is what a roll-back puts every server to. Where all are quarantined, one of them may go first: the POD could never
 * be updated again otherwise.
 *
 * `catchingUp`: the POD goes to the release that it is on, so that servers left behind come back. The canary changes
 * nothing, and may be the last one in rotation.
 * @throws NoCanaryError when none is left, or too few would stay in rotation.
 */
export function chooseCanary(
  pod: PodSpec,
  candidates: readonly Candidate[],
  { catchingUp = false }: { catchingUp?: boolean } = {},
): string {
  const allOut = candidates.every((candidate) => candidate.quarantined);
  const fit = candidates.filter(
    (candidate) =>
      candidate.load !== undefined && candidate.onCurrentRelease && (allOut || !candidate.quarantined),
  );
  const [canary] =
    pod.policy?.canary === 'first' ? fit : fit.toSorted((a, b) => (a.load ?? 0) - (b.load ?? 0));
  if (!canary) throw noneFit(candidates);
  if (!catchingUp) refuseTooFew(pod, candidates, canary);
  return canary.name;
}

function refuseTooFew(pod: PodSpec, candidates: readonly Candidate[], canary: Candidate): void {
  const serves = (candidate: Candidate): boolean => candidate.inRotation && !candidate.quarantined;
  // Its leaving changes nothing for visitors, or they have no other server anyway.
  if (!serves(canary) || pod.servers.length === 1) return;
  const staying = candidates.filter((candidate) => serves(candidate) && candidate !== canary).length;
  if (staying >= minInRotationOf(pod)) return;
  throw new NoCanaryError(
    'CANARY.TOO_FEW_IN_ROTATION',
    `Only ${staying} servers would stay in rotation, and the POD needs ${minInRotationOf(pod)}`,
  );
}

function noneFit(candidates: readonly Candidate[]): NoCanaryError {
  const seen = candidates.map(
    ({ name, quarantined, problem }) =>
      `${name}: ${problem ?? (quarantined ? 'quarantined' : 'not on the current release')}`,
  );
  return new NoCanaryError('CANARY.NONE_FIT', `No server can take the update first (${seen.join('; ')})`);
}
