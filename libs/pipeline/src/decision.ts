import type { DeploymentChanged, ServerOutcome, StepCommand } from '@podway/contracts';
import type { SagaInput } from './inputs.js';
import type { SagaLimits } from './saga-table.js';
import type { SagaState } from './saga-state.js';

/** What the caller gives to each decision besides state and input. */
export interface DecisionContext {
  readonly now: Date;
  /**
   * The POD's next fencing token, drawn ahead under the POD's lock; one that is not used leaves a harmless gap.
   * Needed as soon as the deployment holds the lease; a decision that needs it and has none throws.
   */
  readonly fencingToken?: number;
  /** Number of the release that this decision may make. Needed in Confirming. */
  readonly release?: number;
  readonly limits?: SagaLimits;
}

/** A verified state of the POD, to be recorded. */
export interface ReleaseRecord {
  readonly number: number;
  readonly treeId: string;
  readonly fingerprint: string;
  /** Servers proved to be on it. */
  readonly servers: readonly string[];
}

/** What the caller saves besides the state, in the same transaction. All of it may be done twice. */
export interface Effects {
  /** The POD is free for the next deployment in its queue. */
  readonly releaseLease: boolean;
  readonly recordRelease?: ReleaseRecord;
  /** Servers out of rotation until they caught up. */
  readonly quarantine: readonly string[];
  /** Servers proved to agree with the POD: no longer quarantined if they were. */
  readonly unquarantine: readonly string[];
  /** What the message told about each server. */
  readonly servers: readonly ServerOutcome[];
  /** Somebody has to look: the roll-back failed. */
  readonly callOperator: boolean;
}

/** The input changes the deployment. Save `state` and `effects`, send `commands`, publish the rest; all or nothing. */
export interface Moved {
  readonly kind: 'moved';
  readonly state: SagaState;
  readonly commands: readonly StepCommand[];
  /** Set when the deployment went to another state. */
  readonly changed?: DeploymentChanged;
  /** The message as it came, for the public stream. Unset for internal inputs. */
  readonly publish?: Exclude<SagaInput, { kind: string }>;
  readonly effects: Effects;
}

/** Late, repeated or without meaning here: to be acknowledged and forgotten. */
export interface Ignored {
  readonly kind: 'ignored';
  readonly reason: string;
}

/** It answers a command that this state does not know of yet: to be delivered again later. */
export interface Deferred {
  readonly kind: 'deferred';
  readonly reason: string;
}

export type Decision = Moved | Ignored | Deferred;

export const noEffects: Effects = {
  releaseLease: false,
  quarantine: [],
  unquarantine: [],
  servers: [],
  callOperator: false,
};

export function ignored(reason: string): Ignored {
  return { kind: 'ignored', reason };
}

export function deferred(reason: string): Deferred {
  return { kind: 'deferred', reason };
}
