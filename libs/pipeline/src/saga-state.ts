import type {
  DeploymentState,
  Promotion,
  Publisher,
  ServerOutcome,
  SignedStatement,
  SnapshotRef,
  StateChanges,
  Step,
  UpdateGroup,
  UpdateSource,
  UpdateTarget,
} from '@podway/contracts';

import { circumstances, type Circumstance } from './circumstances.js';

/** What went wrong, as a worker told it, or `STEP.TIMED_OUT`. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  readonly step: Step;
  readonly server?: string;
}

/** All that the saga knows about one deployment: plain data that survives JSON. Only `begin` and `decide` make one. */
export interface SagaState {
  readonly deploymentId: string;
  readonly updateId: string;
  readonly publisher: Publisher;
  readonly source: UpdateSource;
  readonly target: UpdateTarget;
  readonly label?: string;
  /** Why, in the words of who published. */
  readonly reason?: string;
  /** What the publisher has signed about the update. */
  readonly statement?: SignedStatement;
  readonly submittedAt: string;
  /** Set when the update names several PODs. */
  readonly group?: UpdateGroup;
  /** Windows do not hold it up. */
  readonly urgent?: boolean;

  readonly name: DeploymentState;
  /** When the state was entered. RFC 3339, UTC. */
  readonly enteredAt: string;
  /** When the present attempt is given up unless a word arrives. Unset where nobody is waited for. */
  readonly deadline?: string;
  /** Number of the present attempt; 0 where no command is out. */
  readonly attempt: number;
  /** Attempts since the state was entered: what is measured against the limit. */
  readonly tries: number;
  /** Last attempt commanded, by step. Never goes back, so that (step, attempt) names one command for ever. */
  readonly attempts: Readonly<Partial<Record<Step, number>>>;
  /** Token of the last command to the POD. */
  readonly fencingToken?: number;

  readonly client?: string;
  readonly pod?: string;
  readonly podRevision?: number;
  readonly canary?: string;
  readonly replicas?: readonly string[];
  readonly snapshot?: SnapshotRef;
  /** How long an approval is waited for, where the POD wants one. */
  readonly approvalTimeoutMs?: number;
  /** How the POD wants its other servers brought to a release. Unset: by replication. */
  readonly promotion?: Promotion;
  /** Who approved. */
  readonly approvedBy?: string;
  /** The new state, once installed. */
  readonly treeId?: string;
  readonly fingerprint?: string;
  /** How it differs from the state before, where that could be told. */
  readonly changes?: StateChanges;
  /** Last word about each server. */
  readonly servers: readonly ServerOutcome[];
  /** Servers that this deployment had to leave out. */
  readonly quarantined: readonly string[];
  /** Number of the release made. */
  readonly release?: number;

  /** Why the deployment did not go forward. */
  readonly failure?: Failure;
  /** Why it could not be rolled back either. */
  readonly rollbackFailure?: Failure;
  /** An operator lets the roll-back lose what users have written to databases since. */
  readonly acceptLoss?: boolean;
  readonly abort?: { readonly by: string; readonly reason?: string };
  readonly supersededBy?: string;
}

/** Servers that the deployment may have changed: before replication is commanded, only the canary. */
export function touchedServers(state: SagaState): string[] {
  return state.canary === undefined ? [] : [state.canary, ...touchedReplicas(state)];
}

export function touchedReplicas(state: SagaState): string[] {
  return state.attempts.Replicating === undefined ? [] : [...(state.replicas ?? [])];
}

/** Servers that must agree at the end of the present direction: the touched ones without the quarantined. */
export function serversToConfirm(state: SagaState): string[] {
  return touchedServers(state).filter((name) => !state.quarantined.includes(name));
}

/** What is particular to this deployment, in the order in which it counts. */
export function circumstancesOf(state: SagaState): Circumstance[] {
  const holds: Record<Circumstance, boolean> = {
    aborted: state.abort !== undefined,
    allOrNothing: state.group?.mode === 'all-or-nothing',
    // A kept release was looked at when it was made, and going back to it must not wait.
    approval: state.approvalTimeoutMs !== undefined && state.source.kind === 'artifact',
    // Where a kept release comes from, it is carried from: nothing is installed when one is gone back to.
    installing: state.promotion === 'install' && state.source.kind === 'artifact',
  };
  return circumstances.filter((circumstance) => holds[circumstance]);
}
