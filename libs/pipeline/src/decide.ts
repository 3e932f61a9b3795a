import {
  AbortRequested,
  ApprovalGranted,
  ApprovalRefused,
  CanaryHeld,
  StepOutcome,
  StepProgressed,
  UpdateSubmitted,
  type DeploymentState,
  type Step,
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
import { circumstancesOf, type SagaState } from './saga-state.js';
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
  if (input instanceof ApprovalGranted || input instanceof ApprovalRefused)
    return onWord(state, input, context);
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
  if (outcome instanceof CanaryHeld) return onHeld(state, outcome, context);
  const name = nameOf(outcome);
  const to = nextOf(state, name);
  if (!to) return ignored(`${name} does not end ${state.name}`);
  const knowing = gathered(state, outcome);
  const quarantine = toQuarantine(state, to, outcome);
  const moved = entered(leavingOut(knowing, quarantine), to, name, context);
  const effects = { ...moved.effects, quarantine, servers: serversTold(outcome, state) };
  return { ...moved, publish: outcome, effects };
}

/** The wait goes on; the command is due again at the time told, or when the wait itself is over. */
function onHeld(state: SagaState, { againInMs }: CanaryHeld, { now }: DecisionContext): Moved {
  const again = new Date(now.getTime() + againInMs).toISOString();
  const end = waitEnd(state);
  const deadline = end !== undefined && end < again ? end : again;
  return { kind: 'moved', state: { ...state, deadline, tries: 0 }, commands: [], effects: noEffects };
}

/** When an approval is waited for no longer. */
function waitEnd({ name, enteredAt, approvalTimeoutMs }: SagaState): string | undefined {
  if (name !== 'AwaitingApproval' || approvalTimeoutMs === undefined) return undefined;
  return new Date(Date.parse(enteredAt) + approvalTimeoutMs).toISOString();
}

function onAbort(state: SagaState, request: AbortRequested, context: DecisionContext): Decision {
  const { by, reason } = request;
  const abort = { by, ...(reason === undefined ? {} : { reason }) };
  const decision = aborted(state, abort, 'AbortRequested', context);
  return decision.kind === 'moved' ? { ...decision, publish: request } : decision;
}

function aborted(
  state: SagaState,
  abort: NonNullable<SagaState['abort']>,
  cause: InputName,
  context: DecisionContext,
): Decision {
  const row: SagaRow = sagaTable[state.name];
  const rule = row.fail[cause] ?? row.abort;
  if (rule === 'ignored') return ignored(`${cause} changes nothing in ${state.name}`);
  if (state.abort) return ignored('an abort is under way already');
  const aborting: SagaState = { ...state, abort };
  if (rule === 'later') return { kind: 'moved', state: aborting, commands: [], effects: noEffects };
  return entered(aborting, rule, cause, context);
}

/** Somebody approved what the canary shows, or did not. */
function onWord(
  state: SagaState,
  word: ApprovalGranted | ApprovalRefused,
  context: DecisionContext,
): Decision {
  const name = nameOf(word);
  const to = nextOf(state, name);
  if (!to) return ignored(`${name} has no meaning in ${state.name}`);
  const { by, reason } = word;
  const detail = `refused by ${by}${reason === undefined ? '' : `: ${reason}`}`;
  const said =
    word instanceof ApprovalGranted
      ? { approvedBy: by }
      : failed(state, { code: 'APPROVAL.REFUSED', detail, step: 'AwaitingApproval' });
  return { ...entered({ ...state, ...said }, to, name, context), publish: word };
}

function onInternal(state: SagaState, input: InternalInput, context: DecisionContext): Decision {
  if (input.kind === 'Timeout') return onTimeout(state, context);
  if (input.kind === 'GroupFailed') {
    return aborted(state, { by: input.by, reason: input.reason }, 'GroupFailed', context);
  }
  const to = nextOf(state, input.kind);
  if (!to) return ignored(`${input.kind} has no meaning in ${state.name}`);
  return entered({ ...state, ...noted(input) }, to, input.kind, context);
}

function noted(input: InternalInput): Partial<SagaState> {
  if (input.kind === 'Superseded') return { supersededBy: input.by };
  return input.kind === 'RetryRequested'
    ? { rollbackFailure: undefined, acceptLoss: input.acceptLoss === true ? true : undefined }
    : {};
}

function onTimeout(state: SagaState, context: DecisionContext): Decision {
  const step = stepOf(state.name);
  if (!step || state.deadline === undefined) return ignored(`${state.name} has no deadline`);
  if (context.now < new Date(state.deadline)) return ignored('the deadline has been moved');
  const { timeoutMs, maxAttempts } = limitOf(step, context.limits);
  const end = waitEnd(state);
  if (end !== undefined && context.now >= new Date(end)) return onWaitOver(state, step, context);
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

/** Nobody has answered. What the canary shows is not wanted by anybody. */
function onWaitOver(state: SagaState, step: Step, context: DecisionContext): Moved {
  const detail = `nobody approved within ${state.approvalTimeoutMs} ms`;
  const over = { ...state, ...failed(state, { code: 'APPROVAL.EXPIRED', detail, step }) };
  return entered(over, failOf(state), 'Timeout', context);
}

function leavingOut(state: SagaState, servers: readonly string[]): SagaState {
  return { ...state, quarantined: [...new Set([...state.quarantined, ...servers])] };
}

/** Where the table sends the deployment, in its circumstances. */
function nextOf(state: SagaState, name: InputName): DeploymentState | undefined {
  const row: SagaRow = sagaTable[state.name];
  for (const circumstance of circumstancesOf(state)) {
    const to = row.instead?.[circumstance]?.[name];
    if (to) return to;
  }
  return row.advance[name] ?? row.fail[name];
}

/** The fail column, for a step that nobody has answered. `checkSagaTable` proves that it is one state. */
function failOf(state: SagaState): DeploymentState {
  const [name] = Object.keys(sagaTable[state.name].fail) as InputName[];
  return (name && nextOf(state, name)) ?? 'Failed';
}
