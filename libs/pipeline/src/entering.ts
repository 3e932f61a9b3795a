import { DeploymentChanged, steps, type DeploymentState, type Step } from '@podway/contracts';
import { commandOf } from './commands.js';
import { noEffects, type DecisionContext, type Effects, type Moved } from './decision.js';
import { IncompleteStateError } from './pipeline.errors.js';
import { serversToConfirm, type SagaState } from './saga-state.js';
import { isTerminal, limitOf, sagaTable } from './saga-table.js';

/** The step with this state's name, where the state commands one. */
export function stepOf(state: DeploymentState): Step | undefined {
  return (steps as readonly string[]).includes(state) ? (state as Step) : undefined;
}

/** When an attempt that begins, or gives a sign of life, at `now` is given up. */
export function deadlineOf(step: Step, { now, limits }: DecisionContext): string {
  return new Date(now.getTime() + limitOf(step, limits).timeoutMs).toISOString();
}

/** One more attempt of `step`, with its command. A new number and a new token: the old attempt counts no more. */
export function attempted(
  state: SagaState,
  step: Step,
  context: DecisionContext,
): Pick<Moved, 'state' | 'commands'> {
  const attempt = (state.attempts[step] ?? 0) + 1;
  const next: SagaState = {
    ...state,
    attempt,
    tries: state.tries + 1,
    attempts: { ...state.attempts, [step]: attempt },
    deadline: deadlineOf(step, context),
    ...(sagaTable[step].lease ? { fencingToken: context.fencingToken } : {}),
  };
  return { state: next, commands: [commandOf(next, step)] };
}

/** Goes to `to` because of `cause`: its command, the change for people, and what ends with a terminal state. */
export function entered(
  state: SagaState,
  to: DeploymentState,
  cause: string,
  context: DecisionContext,
): Moved {
  const waiting: SagaState = {
    ...state,
    name: to,
    enteredAt: context.now.toISOString(),
    deadline: undefined,
    attempt: 0,
    tries: 0,
    ...(to === 'Succeeded' ? { release: releaseOf(state, context) } : {}),
  };
  const step = stepOf(to);
  const moved = step ? attempted(waiting, step, context) : { state: waiting, commands: [] };
  return {
    kind: 'moved',
    ...moved,
    changed: changeOf(state, moved.state, cause),
    effects: isTerminal(to) ? endOf(state, moved.state) : noEffects,
  };
}

function releaseOf(state: SagaState, { release }: DecisionContext): number {
  if (release === undefined) throw new IncompleteStateError(state.deploymentId, 'Succeeded', 'release');
  return release;
}

function changeOf(from: SagaState, to: SagaState, cause: string): DeploymentChanged {
  return Object.assign(new DeploymentChanged(), {
    deploymentId: to.deploymentId,
    updateId: to.updateId,
    from: from.name,
    to: to.name,
    cause,
    ...detailOf(from, to),
    ...(to.release === undefined ? {} : { release: to.release }),
  });
}

/** Why, for people: the newest of what went wrong, told when it happens and again at the end. */
function detailOf(from: SagaState, to: SagaState): { detail?: string } {
  if (to.name === 'Succeeded') return {};
  if (to.name === 'Superseded') return { detail: `superseded by ${to.supersededBy}` };
  const failure = to.rollbackFailure ?? to.failure;
  const turned = isTerminal(to.name) || (to.name === 'RollingBack' && from.name !== 'RollbackFailed');
  if (!turned) return {};
  if (failure) return { detail: `${failure.code}: ${failure.detail}`.slice(0, 4000) };
  if (to.abort) return { detail: to.abort.reason ?? `aborted by ${to.abort.by}` };
  return {};
}

/** States in which all servers were proved to agree, or are about to be told so. */
const AGREED: readonly DeploymentState[] = ['Confirming', 'AwaitingPods', 'ConfirmingRollback'];

function endOf(from: SagaState, to: SagaState): Effects {
  const agreed = AGREED.includes(from.name);
  const good = to.name === 'Succeeded' || to.name === 'RolledBack' || to.name === 'Aborted';
  const confirmed = agreed && good ? serversToConfirm(from) : [];
  return {
    ...noEffects,
    releaseLease: sagaTable[from.name].lease && !sagaTable[to.name].lease,
    unquarantine: confirmed,
    callOperator: to.name === 'RollbackFailed',
    ...(to.name === 'Succeeded' ? { recordRelease: recordOf(to, confirmed) } : {}),
  };
}

function recordOf(state: SagaState, servers: string[]): Effects['recordRelease'] {
  const { release, treeId, fingerprint } = state;
  if (release === undefined || treeId === undefined || fingerprint === undefined) {
    throw new IncompleteStateError(state.deploymentId, state.name, 'the installed state');
  }
  return { number: release, treeId, fingerprint, servers };
}
