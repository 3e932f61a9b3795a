import { PodwayError, type PodSpec } from '@podway/contracts';
import { minInRotationOf } from '@podway/service-kit';

/** What is known of a server when the canary is chosen. */
export interface Candidate {
  readonly name: string;
  readonly quarantined: boolean;
  readonly inRotation: boolean;
  /** Unset: the server could not be reached. */
  readonly load?: number;
  /** Why it could not be reached. */
  readonly problem?: string;
}

/** No server of the POD can take the update first. */
export class NoCanaryError extends PodwayError {}

/**
 * The canary by the POD's policy: healthy, not quarantined, and the least loaded or the first of the file.
 * A busy server is avoided as long as there is a less busy one.
 * @throws NoCanaryError when none is left, or too few would stay in rotation.
 */
export function chooseCanary(pod: PodSpec, candidates: readonly Candidate[]): string {
  const fit = candidates.filter((candidate) => !candidate.quarantined && candidate.load !== undefined);
  if (fit.length === 0) {
    const seen = candidates.map(
      ({ name, quarantined, problem }) => `${name}: ${quarantined ? 'quarantined' : (problem ?? 'unfit')}`,
    );
    throw new NoCanaryError('CANARY.NONE_FIT', `No server can take the update first (${seen.join('; ')})`);
  }
  const [canary] =
    pod.policy?.canary === 'first' ? fit : [...fit].sort((a, b) => (a.load ?? 0) - (b.load ?? 0));
  const staying = candidates.filter((candidate) => candidate.inRotation && candidate !== canary).length;
  if (!canary || (pod.servers.length > 1 && staying < minInRotationOf(pod))) {
    throw new NoCanaryError(
      'CANARY.TOO_FEW_IN_ROTATION',
      `Only ${staying} servers would stay in rotation, and the POD needs ${minInRotationOf(pod)}`,
    );
  }
  return canary.name;
}
