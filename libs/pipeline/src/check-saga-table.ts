import {
  deploymentStates,
  FailedOutcome,
  LookCommand,
  services,
  StepCommand,
  StepOutcome,
  StepProgressed,
  steps,
  type DeploymentState,
  type MessageClass,
} from '@podway/contracts';
import { SagaTableError } from './pipeline.errors.js';
import {
  isStepless,
  outcomesOf,
  ownSaga,
  reachable,
  reactionOf,
  sagaMessages,
  type SagaParts,
} from './reactions.js';
import type { InputName } from './inputs.js';
import type { SagaRow } from './saga-table.js';

/**
 * Proves at start-up that the saga has no holes: every state reachable and able to end, every (state, message) pair
 * handled, ignored or deferred, exactly one handler for every command. Throws {@link SagaTableError} with all problems.
 */
export function checkSagaTable(parts: Partial<SagaParts> = {}): void {
  const saga = { ...ownSaga(), ...parts };
  const missing = deploymentStates.filter((state) => !saga.table[state]);
  if (missing.length > 0) throw new SagaTableError(missing.map((state) => `${state} has no row`));
  const problems = [rows, paths, pairs, timings, commands, outcomes].flatMap((check) => check(saga));
  if (problems.length > 0) throw new SagaTableError(problems);
}

const isA = (type: MessageClass, parent: new () => object): boolean =>
  type === parent || type.prototype instanceof parent;

/** Each row says all that its kind needs, and nothing that it cannot have. */
function rows({ table, meaning }: SagaParts): string[] {
  return deploymentStates.flatMap((state) => {
    const row = table[state];
    const problems: string[] = [];
    const fails = new Set(Object.values(row.fail));
    const isStep = (steps as readonly string[]).includes(state);
    if (isStep !== (row.command !== undefined))
      problems.push(`${state} is a step or has a command, but not both`);
    if (row.command && (row.timeoutMs <= 0 || row.maxAttempts < 1)) problems.push(`${state} has no limits`);
    if (!row.command && row.commandInstead)
      problems.push(`${state} replaces a command that it does not have`);
    if (row.command && fails.size !== 1)
      problems.push(`${state} times out to ${fails.size} states instead of one`);
    if (row.terminal && row.abort !== 'ignored') problems.push(`${state} is terminal but can be aborted`);
    const replaced = Object.values(row.instead ?? {}).flatMap((ways) => Object.keys(ways) as InputName[]);
    for (const name of replaced) {
      if (!row.advance[name] && !row.fail[name])
        problems.push(`${state} replaces ${name}, which it does not take`);
    }
    for (const [name, states] of Object.entries(meaning)) {
      const taken = outcomesOf({ table }, state).includes(name as InputName);
      if (taken && !states.includes(state)) problems.push(`${state} takes ${name} but is said to ignore it`);
    }
    return problems;
  });
}

/** Every state can be reached and can end; what is terminal ends, except by an operator's wish. */
function paths(saga: SagaParts): string[] {
  const fromStart = reachable(saga, 'Authenticating');
  return deploymentStates.flatMap((state) => {
    const { terminal, advance, fail } = saga.table[state];
    const problems: string[] = [];
    if (!fromStart.has(state)) problems.push(`${state} is never reached`);
    if (![...reachable(saga, state)].some((end) => saga.table[end].terminal))
      problems.push(`${state} never ends`);
    const exits = Object.keys({ ...advance, ...fail }).filter((name) => name !== 'RetryRequested');
    if (terminal && exits.length > 0) problems.push(`${state} is terminal but leaves by ${exits.join(', ')}`);
    return problems;
  });
}

/** Every (state, message) pair. */
function pairs(saga: SagaParts): string[] {
  return deploymentStates.flatMap((state) =>
    sagaMessages(saga)
      .filter((message) => reactionOf(saga, state, message).kind === 'unhandled')
      .map(({ name, step }) => `${state} does not handle ${name}${step ? ` of ${step}` : ''}`),
  );
}

/** `early` and `late` agree with the ways through the table. */
function timings(saga: SagaParts): string[] {
  const after = new Map(deploymentStates.map((state) => [state, reachable(saga, state)]));
  const follows = (later: DeploymentState, sooner: DeploymentState) => after.get(sooner)?.has(later) ?? false;
  return deploymentStates.flatMap((state) =>
    steps.flatMap((step, column) => {
      const timing = saga.grid[state]?.[column];
      const terminal = saga.table[state].terminal;
      if (timing === 'own' && state !== step) return [`${state} takes the outcomes of ${step} for its own`];
      if (state === step && timing !== 'own') return [`${state} does not take its own outcomes`];
      if (timing === 'early' && !follows(step, state))
        return [`${state} waits for ${step}, which cannot follow`];
      if (timing === 'late' && !terminal && follows(step, state) && !follows(state, step)) {
        return [`${state} ignores ${step}, which is still to come`];
      }
      return [];
    }),
  );
}

/** Each command of a deployment: declared, sent by some state, and handled by exactly one service. */
function commands({ table, messages }: SagaParts): string[] {
  const declared = messages.filter(({ kind, payload }) => kind === 'command' && !isA(payload, LookCommand));
  const sent = new Set<MessageClass>(deploymentStates.flatMap((state) => commandsOfRow(table[state])));
  const undeclared = [...sent].filter((type) => !declared.some(({ payload }) => payload === type));
  return [
    ...undeclared.map(({ name }) => `${name} is sent but is no declared command`),
    ...declared.flatMap(({ name, payload }) => {
      const handlers = new Set(declared.filter((other) => other.name === name).map(({ service }) => service));
      const known = [...handlers].filter((service) => service && services.includes(service));
      return [
        ...(known.length === 1 && handlers.size === 1
          ? []
          : [`${name} has ${known.length} handlers instead of one`]),
        ...(sent.has(payload) ? [] : [`${name} is never sent`]),
        ...(isA(payload, StepCommand) ? [] : [`${name} does not carry step and attempt`]),
      ];
    }),
  ];
}

function commandsOfRow({ command, commandInstead = {} }: SagaRow): MessageClass[] {
  return [...(command ? [command] : []), ...Object.values(commandInstead)];
}

/** Each declared outcome ends some step, in the column that its kind belongs to. */
function outcomes({ table, messages }: SagaParts): string[] {
  const told = messages.filter(({ payload }) => isA(payload, StepOutcome) && payload !== StepProgressed);
  const used = (name: string) =>
    steps.some((step) =>
      [...outcomesOf({ table }, step), ...(table[step].keeps ?? [])].includes(name as InputName),
    );
  const orphans = told.filter(({ name }) => !used(name)).map(({ name }) => `${name} ends no step`);
  const misplaced = steps.flatMap((step) =>
    outcomesOf({ table }, step).flatMap((name) => {
      if (isStepless(name)) return [];
      const definition = told.find((message) => message.name === name);
      if (!definition) return [`${step} ends by ${name}, which is no declared outcome`];
      const failing = table[step].fail[name] !== undefined;
      return isA(definition.payload, FailedOutcome) === failing
        ? []
        : [`${step} has ${name} in the wrong column`];
    }),
  );
  return [...orphans, ...misplaced];
}
