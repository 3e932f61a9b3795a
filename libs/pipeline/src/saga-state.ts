import type {
  DeploymentState,
  Publisher,
  ServerOutcome,
  SnapshotRef,
  Step,
  UpdateSource,
  UpdateTarget,
} from '@podway/contracts';

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
  readonly submittedAt: string;

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
  /** The new state, once installed. */
  readonly treeId?: string;
  readonly fingerprint?: string;
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
