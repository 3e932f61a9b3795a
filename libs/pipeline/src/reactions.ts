import {
  allMessages,
  deploymentStates,
  steps,
  type DeploymentState,
  type MessageDefinition,
  type Step,
} from '@podway/contracts';
import { internalNames, type InputName } from './inputs.js';
import { circumstances, type Circumstance } from './circumstances.js';
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

/** Where else it goes, in which circumstances. */
export type Instead = Readonly<Partial<Record<Circumstance, DeploymentState>>>;

export type Reaction =
  | { readonly kind: 'goes' | 'retries'; readonly to: DeploymentState; readonly instead: Instead }
  | { readonly kind: 'extends' | 'remembers' | 'ignores' | 'defers' | 'unhandled' };

/** Names in the advance and fail columns of a state. */
export function outcomesOf({ table }: Pick<SagaParts, 'table'>, state: DeploymentState): InputName[] {
  return Object.keys({ ...table[state].advance, ...table[state].fail }) as InputName[];
}

const stepless: readonly InputName[] = [
  'UpdateSubmitted',
  'AbortRequested',
  'ApprovalGranted',
  'ApprovalRefused',
  ...internalNames,
];

/** Whether the input answers no command. */
export function isStepless(name: InputName): boolean {
  return stepless.includes(name);
}

/** Every message that a deployment can be told, step by step, then those without a step. */
export function sagaMessages(parts: Pick<SagaParts, 'table'>): SagaMessage[] {
  const stepwise = steps.flatMap((step) =>
    [...outcomesOf(parts, step), ...(parts.table[step].keeps ?? []), 'StepProgressed' as const]
      .filter((name) => !stepless.includes(name))
      .map((name) => ({ name, step })),
  );
  return [...stepwise, ...stepless.map((name) => ({ name }))];
}

/** What the data says that `state` does with `message`. */
export function reactionOf(parts: SagaParts, state: DeploymentState, { name, step }: SagaMessage): Reaction {
  if (step) return onStep(parts, state, name, step);
  const { abort, fail } = parts.table[state];
  if (name === 'Timeout') return onTimeout(parts, state);
  if (name !== 'AbortRequested' && name !== 'GroupFailed') return onStepless(parts, state, name);
  const rule = fail[name] ?? abort;
  if (rule === 'ignored') return { kind: 'ignores' };
  return rule === 'later' ? { kind: 'remembers' } : { kind: 'goes', to: rule, instead: {} };
}

function onStep(parts: SagaParts, state: DeploymentState, name: InputName, step: Step): Reaction {
  const timing = parts.grid[state]?.[steps.indexOf(step)];
  if (timing === 'late') return { kind: 'ignores' };
  if (timing === 'early') return { kind: 'defers' };
  if (timing === undefined) return { kind: 'unhandled' };
  const stays = name === 'StepProgressed' || parts.table[state].keeps?.includes(name);
  return stays ? { kind: 'extends' } : going(parts, state, name);
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
  const { advance, fail, instead = {} } = table[state];
  const to = advance[name] ?? fail[name];
  if (!to) return { kind: 'unhandled' };
  const others = circumstances.flatMap((circumstance) => {
    const other = instead[circumstance]?.[name];
    return other ? [[circumstance, other] as const] : [];
  });
  return { kind: 'goes', to, instead: Object.fromEntries(others) };
}

/** States that `state` leads to directly. */
export function nextStates(parts: SagaParts, state: DeploymentState): DeploymentState[] {
  const found = sagaMessages(parts).flatMap((message) => {
    const reaction = reactionOf(parts, state, message);
    if (!('to' in reaction)) return [];
    return [reaction.to, ...Object.values(reaction.instead)];
  });
  return deploymentStates.filter((name) => found.includes(name));
}

/** `from` and all that can follow it. */
export function reachable(parts: SagaParts, from: DeploymentState): Set<DeploymentState> {
  const seen = new Set<DeploymentState>([from]);
  for (const state of seen) for (const next of nextStates(parts, state)) seen.add(next);
  return seen;
}
