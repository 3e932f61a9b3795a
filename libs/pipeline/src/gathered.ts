import {
  CanarySelected,
  FailedOutcome,
  PodResolved,
  ReleaseReplicated,
  SnapshotRestored,
  SnapshotTaken,
  UpdateInstalled,
  VerificationPassed,
  type ServerOutcome,
} from '@podway/contracts';
import type { OutcomeName, Outcomes } from './inputs.js';
import type { Failure, SagaState } from './saga-state.js';

type Outcome = Outcomes[OutcomeName];

/** What the outcome tells about single servers. */
export function serversTold(outcome: Outcome, state: SagaState): readonly ServerOutcome[] {
  if ('servers' in outcome) return outcome.servers;
  if (outcome instanceof UpdateInstalled && state.canary !== undefined) {
    return [{ name: state.canary, result: 'switched', fingerprint: outcome.fingerprint }];
  }
  return [];
}

/** Servers that a step says it had to leave behind. */
export function leftBehind(servers: readonly ServerOutcome[]): string[] {
  return servers
    .filter(({ result }) => result === 'quarantined' || result === 'failed')
    .map(({ name }) => name);
}

/** The state with what the outcome adds to the deployment's knowledge. */
export function gathered(state: SagaState, outcome: Outcome): SagaState {
  const told = serversTold(outcome, state);
  const names = new Set(told.map(({ name }) => name));
  const servers = [...state.servers.filter(({ name }) => !names.has(name)), ...told];
  return { ...state, servers, ...factsOf(state, outcome) };
}

function factsOf(state: SagaState, outcome: Outcome): Partial<SagaState> {
  if (outcome instanceof FailedOutcome) return failed(state, failureOf(outcome));
  if (outcome instanceof PodResolved) return { client: outcome.client, pod: outcome.pod };
  if (outcome instanceof CanarySelected) {
    const { canary, replicas, podRevision, approvalTimeoutMs, promotion } = outcome;
    return { canary, replicas, podRevision, approvalTimeoutMs, ...(promotion && { promotion }) };
  }
  if (outcome instanceof SnapshotTaken) return { snapshot: outcome.snapshot };
  if (outcome instanceof UpdateInstalled) {
    return { treeId: outcome.treeId, fingerprint: outcome.fingerprint };
  }
  if (outcome instanceof VerificationPassed) return { fingerprint: outcome.fingerprint };
  // Each direction says anew who is left out: a server that missed the release may well be put back.
  if (outcome instanceof ReleaseReplicated) {
    const { servers, changes } = outcome;
    return { quarantined: leftBehind(servers), ...(changes === undefined ? {} : { changes }) };
  }
  if (outcome instanceof SnapshotRestored) return { quarantined: leftBehind(outcome.servers) };
  return {};
}

/** The state with a failure noted: of going forward, or of going back. */
export function failed(state: SagaState, failure: Failure): Partial<SagaState> {
  const back = state.name === 'RollingBack' || state.name === 'ConfirmingRollback';
  return back ? { rollbackFailure: failure } : { failure };
}

function failureOf({ code, detail, step, server }: FailedOutcome): Failure {
  return { code, detail, step, ...(server === undefined ? {} : { server }) };
}
