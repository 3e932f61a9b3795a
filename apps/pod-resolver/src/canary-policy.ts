import { PodwayError, type PodSpec } from '@podway/contracts';
import { minInRotationOf } from '@podway/service-kit';

/** What is known of a server when the canary is chosen. */
export interface Candidate {
  readonly name: string;
  readonly quarantined: boolean;
  readonly inRotation: boolean;
  /** Its live state is the POD's current release. */
  readonly onCurrentRelease: boolean;
  /** In the unit of the policy's `loadFrom`. Unset: the server could not be reached. */
  readonly load?: number;
  /** Why it could not be reached. */
  readonly problem?: string;
}

/** What the choice depends on besides the servers. */
export interface Occasion {
  /** The POD goes to the release that it is on, so that servers left behind come back. */
  readonly catchingUp?: boolean;
  /** The POD goes to a release that it keeps. */
  readonly goingBack?: boolean;
  /** Canary of the POD's last deployment before this one. */
  readonly lastCanary?: string;
}

/** No server of the POD can take the update first. */
export class NoCanaryError extends PodwayError {}

/**
 * The canary by the POD's policy, out of the servers that are fit: reached, not quarantined, on the current release.
 * It must hold the current release: what the canary was on is what a roll-back puts every server to. Where all are
 * quarantined, one of them may go first: the POD could never be updated again otherwise.
 *
 * A server that is busy beyond the policy's limit is passed over. Where all are, a new update is refused: the others
 * would have to carry the canary's accesses too. Going to a kept release is not, as it may be the cure; the least busy
 * one takes it. A canary that is catching up changes nothing, and may be the last one in rotation.
 * @throws NoCanaryError when none is left, or too few would stay in rotation.
 */
export function chooseCanary(
  pod: PodSpec,
  candidates: readonly Candidate[],
  occasion: Occasion = {},
): string {
  const allowed = allowedOf(pod, fitOf(candidates), candidates);
  const limit = pod.policy?.busyLimit ?? Infinity;
  const calm = allowed.filter((candidate) => (candidate.load ?? 0) <= limit);
  const [canary] = calm.length > 0 ? inOrder(pod, calm, occasion) : occasion.goingBack ? byLoad(allowed) : [];
  if (!canary) throw allBusy(allowed, limit);
  if (!occasion.catchingUp) refuseTooFew(pod, candidates, canary);
  return canary.name;
}

function fitOf(candidates: readonly Candidate[]): readonly Candidate[] {
  const allOut = candidates.every((candidate) => candidate.quarantined);
  const fit = candidates.filter(
    (candidate) =>
      candidate.load !== undefined && candidate.onCurrentRelease && (allOut || !candidate.quarantined),
  );
  if (fit.length === 0) throw noneFit(candidates);
  return fit;
}

function allowedOf(
  { policy }: PodSpec,
  fit: readonly Candidate[],
  candidates: readonly Candidate[],
): readonly Candidate[] {
  if (policy?.canary !== 'pinned') return fit;
  const pinned = fit.filter((candidate) => candidate.name === policy.canaryServer);
  if (pinned.length > 0) return pinned;
  const found = candidates.filter((candidate) => candidate.name === policy.canaryServer).map(whyUnfit);
  throw new NoCanaryError(
    'CANARY.PINNED_UNFIT',
    `The server that takes every update first cannot take this one (${found.join() || policy.canaryServer})`,
  );
}

/** The fit ones, the one to take first. */
function inOrder(pod: PodSpec, fit: readonly Candidate[], { lastCanary }: Occasion): readonly Candidate[] {
  const policy = pod.policy?.canary ?? 'least-loaded';
  if (policy === 'least-loaded') return byLoad(fit);
  if (policy !== 'round-robin') return fit;
  const names = pod.servers.map((server) => server.name);
  // One that is not in the file any more is at -1: the turn begins anew.
  const last = names.indexOf(lastCanary ?? '');
  const turn = ({ name }: Candidate): number =>
    (names.indexOf(name) - last - 1 + names.length) % names.length;
  return fit.toSorted((a, b) => turn(a) - turn(b));
}

/** Of equals, the first of the file. */
function byLoad(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.toSorted((a, b) => (a.load ?? 0) - (b.load ?? 0));
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
  const seen = candidates.map(whyUnfit).join('; ');
  return new NoCanaryError('CANARY.NONE_FIT', `No server can take the update first (${seen})`);
}

function whyUnfit({ name, quarantined, problem }: Candidate): string {
  return `${name}: ${problem ?? (quarantined ? 'quarantined' : 'not on the current release')}`;
}

/** It may pass: retryable. */
function allBusy(allowed: readonly Candidate[], limit: number): NoCanaryError {
  const seen = allowed.map(({ name, load = 0 }) => `${name}: ${Number(load.toFixed(2))}`);
  return new NoCanaryError(
    'CANARY.ALL_BUSY',
    `Every server that could take the update first is busy beyond ${limit} (${seen.join('; ')})`,
    { retryable: true, details: { limit } },
  );
}
