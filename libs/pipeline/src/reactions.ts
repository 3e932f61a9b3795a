import {
  allMessages,
  deploymentStates,
  steps,
  type DeploymentState,
  type MessageDefinition,
  type Step,
} from '@podway/contracts';
import { internalNames, type InputName } from './inputs.js';
import { meaning, outcomeGrid, type OutcomeGrid, type SteplessMeaning } from './outcome-grid.js';
import { sagaTable, type SagaTable } from './saga-table.js';

/** All that makes up the saga as data: what is checked and drawn. */
export interface SagaParts {
  readonly table: SagaTable;
  readonly grid: OutcomeGrid;
  readonly meaning: SteplessMeaning;
  readonly messages: readonly MessageDefinition[];
}

/** The saga of this program. */
export function ownSaga(): SagaParts {
  return { table: sagaTable, grid: outcomeGrid, meaning, messages: allMessages() };
}

/** One column of the question "what does this state do with that message?". */
export interface SagaMessage {
  readonly name: InputName;
  /** For messages that answer a command: which one's. */
  readonly step?: Step;
}

export type Reaction =
  | { readonly kind: 'goes'; readonly to: DeploymentState; readonly onceAborted?: DeploymentState }
  | { readonly kind: 'retries'; readonly to: DeploymentState; readonly onceAborted?: DeploymentState }
  | { readonly kind: 'extends' | 'remembers' | 'ignores' | 'defers' | 'unhandled' };

/** Names in the advance and fail columns of a state. */
export function outcomesOf({ table }: Pick<SagaParts, 'table'>, state: DeploymentState): InputName[] {
  return Object.keys({ ...table[state].advance, ...table[state].fail }) as InputName[];
}

/** Every message that a deployment can be told, step by step, then those without a step. */
export function sagaMessages(parts: Pick<SagaParts, 'table'>): SagaMessage[] {
  const stepwise = steps.flatMap((step) =>
    [...outcomesOf(parts, step), 'StepProgressed' as const].map((name) => ({ name, step })),
  );
  const stepless: InputName[] = ['UpdateSubmitted', 'AbortRequested', ...internalNames];
  return [...stepwise, ...stepless.map((name) => ({ name }))];
}

/** What the data says that `state` does with `message`. */
export function reactionOf(parts: SagaParts, state: DeploymentState, { name, step }: SagaMessage): Reaction {
  if (step) return onStep(parts, state, name, step);
  const { abort } = parts.table[state];
  if (name === 'Timeout') return onTimeout(parts, state);
  if (name !== 'AbortRequested') return onStepless(parts, state, name);
  if (abort === 'ignored') return { kind: 'ignores' };
  return abort === 'later' ? { kind: 'remembers' } : { kind: 'goes', to: abort };
}

function onStep(parts: SagaParts, state: DeploymentState, name: InputName, step: Step): Reaction {
  const timing = parts.grid[state]?.[steps.indexOf(step)];
  if (timing === 'late') return { kind: 'ignores' };
  if (timing === 'early') return { kind: 'defers' };
  if (timing === undefined) return { kind: 'unhandled' };
  return name === 'StepProgressed' ? { kind: 'extends' } : going(parts, state, name);
}

function onTimeout(parts: SagaParts, state: DeploymentState): Reaction {
  const { command, fail } = parts.table[state];
  if (!command) return { kind: 'ignores' };
  const reaction = going(parts, state, Object.keys(fail)[0] as InputName);
  return reaction.kind === 'goes' ? { ...reaction, kind: 'retries' } : reaction;
}

function onStepless(parts: SagaParts, state: DeploymentState, name: InputName): Reaction {
  const here = parts.meaning[name as keyof SteplessMeaning];
  if (!here) return { kind: 'unhandled' };
  return here.includes(state) ? going(parts, state, name) : { kind: 'ignores' };
}

function going({ table }: SagaParts, state: DeploymentState, name: InputName): Reaction {
  const { advance, fail, onceAborted } = table[state];
  const to = advance[name] ?? fail[name];
  if (!to) return { kind: 'unhandled' };
  const aborted = onceAborted?.[name];
  return { kind: 'goes', to, ...(aborted ? { onceAborted: aborted } : {}) };
}

/** States that `state` leads to directly. */
export function nextStates(parts: SagaParts, state: DeploymentState): DeploymentState[] {
  const found = sagaMessages(parts).flatMap((message) => {
    const reaction = reactionOf(parts, state, message);
    if (!('to' in reaction)) return [];
    return reaction.onceAborted ? [reaction.to, reaction.onceAborted] : [reaction.to];
  });
  return deploymentStates.filter((name) => found.includes(name));
}

/** `from` and all that can follow it. */
export function reachable(parts: SagaParts, from: DeploymentState): Set<DeploymentState> {
  const seen = new Set<DeploymentState>([from]);
  for (const state of seen) for (const next of nextStates(parts, state)) seen.add(next);
  return seen;
}
