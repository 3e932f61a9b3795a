import type { Decision, DecisionContext } from '../../src/decision.js';
import type { SagaInput } from '../../src/inputs.js';
import type { SagaState } from '../../src/saga-state.js';

export type Decide = (state: SagaState, input: SagaInput, context: DecisionContext) => Decision;

/** Bugs to build in on purpose: the properties must catch each of them. */
export interface Planted {
  /** Servers do what an older token says. */
  readonly noServerFence?: boolean;
  /** Rotation is written under an older token. */
  readonly noRotationFence?: boolean;
  /** A worker shows its token only where it changes something, not before it begins. */
  readonly noFenceAtStart?: boolean;
  /** A snapshot that failed leaves its token valid: the same command, delivered twice, may drain again. */
  readonly noFenceAfterUndrain?: boolean;
  /** The installer trusts that the canary is still drained. */
  readonly noDrainAtInstall?: boolean;
  /** A repeated command does not look for its marker on the server. */
  readonly noMarkers?: boolean;
  /** Neither does one to the servers that are not the canary. */
  readonly noMarkersOnOthers?: boolean;
  /** A POD is leased although another deployment owns it. */
  readonly noLease?: boolean;
  /** The last in the queue is leased first. */
  readonly noFifo?: boolean;
  /** A message is acknowledged before its decision is saved. */
  readonly ackBeforeCommit?: boolean;
  /** Commands leave before their decision is saved. */
  readonly publishBeforeCommit?: boolean;
  /** What was not published before a crash is forgotten. */
  readonly noOutbox?: boolean;
  /** A repeated UpdateSubmitted begins the deployment again. */
  readonly noDedupe?: boolean;
  /** The fencing token does not grow. */
  readonly constantToken?: boolean;
  /** Release numbers do not grow. */
  readonly constantRelease?: boolean;
  /** PODs of an update that goes together or not at all are leased one by one. */
  readonly noGang?: boolean;
  /** The update does not look at its PODs as a whole: each hears at once that all is well. */
  readonly noGroup?: boolean;
  readonly decide?: Decide;
}

/** A promise was broken. */
export class BrokenPromise extends Error {}

export function promise(kept: boolean, what: string): void {
  if (!kept) throw new BrokenPromise(what);
}
