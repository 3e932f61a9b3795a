import {
  AbortRequested,
  StepOutcome,
  StepProgressed,
  UpdateSubmitted,
  type DeploymentState,
} from '@podway/contracts';
import { deferred, ignored, noEffects, type Decision, type DecisionContext, type Moved } from './decision.js';
import { attempted, deadlineOf, entered, stepOf } from './entering.js';
import { failed, gathered, serversTold } from './gathered.js';
import {
  nameOf,
  type InputName,
  type InternalInput,
  type OutcomeName,
  type Outcomes,
  type SagaInput,
} from './inputs.js';
import { timingOf } from './outcome-grid.js';
import { ForeignMessageError } from './pipeline.errors.js';
import { toQuarantine } from './quarantine.js';
import type { SagaState } from './saga-state.js';
import { limitOf, sagaTable, type SagaRow } from './saga-table.js';

type Outcome = Outcomes[OutcomeName];

/**
 * What a deployment makes of an input. Pure: the same arguments give the same decision, and nothing is changed.
 *
 * Only an outcome of the present (step, attempt) is taken. An earlier attempt's success is ignored as well: the
 * present one finds its marker on the server and answers again, under the present token.
 *
 * Throws {@link ForeignMessageError} and `IncompleteStateError`: faults of the caller, never of a message.
 */
export function decide(state: SagaState, input: SagaInput, context: DecisionContext): Decision {
  if ('deploymentId' in input && input.deploymentId !== state.deploymentId) {
    throw new ForeignMessageError(state.deploymentId, input.deploymentId);
  }
  if (input instanceof StepOutcome) return onOutcome(state, input, context);
  if (input instanceof AbortRequested) return onAbort(state, input, context);
  if (input instanceof UpdateSubmitted) return ignored('the deployment has begun already');
  return onInternal(state, input, context);
}

function onOutcome(state: SagaState, outcome: Outcome | StepProgressed, context: DecisionContext): Decision {
  const answers = `${nameOf(outcome)} of ${outcome.step} attempt ${outcome.attempt}`;
  const commanded = state.attempts[outcome.step] ?? 0;
  const timing = timingOf(state.name, outcome.step);
  if (timing !== 'late' && outcome.attempt > commanded) {
    return deferred(`${answers} answers a command that was not sent yet`);
  }
  if (timing !== 'own' || outcome.attempt < commanded)
    return ignored(`${answers} comes late in ${state.name}`);
  return outcome instanceof StepProgressed
    ? onProgress(state, outcome, context)
    : onAnswer(state, outcome, context);
}

function onProgress(state: SagaState, progress: StepProgressed, context: DecisionContext): Moved {
  const deadline = deadlineOf(progress.step, context);
  const later = state.deadline !== undefined && state.deadline > deadline ? state.deadline : deadline;
  return {
    kind: 'moved',
    state: { ...state, deadline: later },
    commands: [],
    publish: progress,
    effects: noEffects,
  };
}

function onAnswer(state: SagaState, outcome: Outcome, context: DecisionContext): Decision {
  const name = nameOf(outcome);
  const to = nextOf(state, name);
  if (!to) return ignored(`${name} does not end ${state.name}`);
  const knowing = gathered(state, outcome);
  const quarantine = toQuarantine(state, to, outcome);
  const moved = entered(leavingOut(knowing, quarantine), to, name, context);
  const effects = { ...moved.effects, quarantine, servers: serversTold(outcome, state) };
  return { ...moved, publish: outcome, effects };
}

function onAbort(state: SagaState, request: AbortRequested, context: DecisionContext): Decision {
  const rule = sagaTable[state.name].abort;
  if (rule === 'ignored') return ignored(`an abort changes nothing in ${state.name}`);
  if (state.abort) return ignored('an abort is under way already');
  const { by, reason } = request;
  const aborting: SagaState = { ...state, abort: { by, ...(reason === undefined ? {} : { reason }) } };
  if (rule === 'later') {
    return { kind: 'moved', state: aborting, commands: [], publish: request, effects: noEffects };
  }
  return { ...entered(aborting, rule, 'AbortRequested', context), publish: request };
}

function onInternal(state: SagaState, input: InternalInput, context: DecisionContext): Decision {
  if (input.kind === 'Timeout') return onTimeout(state, context);
  const to = nextOf(state, input.kind);
  if (!to) return ignored(`${input.kind} has no meaning in ${state.name}`);
  return entered({ ...state, ...noted(input) }, to, input.kind, context);
}

function noted(input: InternalInput): Partial<SagaState> {
  if (input.kind === 'Superseded') return { supersededBy: input.by };
  return input.kind === 'RetryRequested' ? { rollbackFailure: undefined } : {};
}

function onTimeout(state: SagaState, context: DecisionContext): Decision {
  const step = stepOf(state.name);
  if (!step || state.deadline === undefined) return ignored(`${state.name} has no deadline`);
  if (context.now < new Date(state.deadline)) return ignored('the deadline has been moved');
  const { timeoutMs, maxAttempts } = limitOf(step, context.limits);
  if (state.tries < maxAttempts) {
    return { kind: 'moved', ...attempted(state, step, context), effects: noEffects };
  }
  const to = failOf(state);
  const detail = `${step} gave no word for ${timeoutMs} ms, ${state.tries} times`;
  const silent = { ...state, ...failed(state, { code: 'STEP.TIMED_OUT', detail, step }) };
  const quarantine = toQuarantine(state, to, 'Timeout');
  const moved = entered(leavingOut(silent, quarantine), to, 'Timeout', context);
  return { ...moved, effects: { ...moved.effects, quarantine } };
}

function leavingOut(state: SagaState, servers: readonly string[]): SagaState {
  return { ...state, quarantined: [...new Set([...state.quarantined, ...servers])] };
}

/** Where the table sends the deployment, the abort that it remembers counted in. */
function nextOf(state: SagaState, name: InputName): DeploymentState | undefined {
  const row: SagaRow = sagaTable[state.name];
  const aborted = state.abort ? row.onceAborted?.[name] : undefined;
  return aborted ?? row.advance[name] ?? row.fail[name];
}

/** The fail column, for a step that nobody has answered. `checkSagaTable` proves that it is one state. */
function failOf(state: SagaState): DeploymentState {
  const [name] = Object.keys(sagaTable[state.name].fail) as InputName[];
  return (name && nextOf(state, name)) ?? 'Failed';
}
