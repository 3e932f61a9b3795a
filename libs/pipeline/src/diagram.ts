import { deploymentStates, steps, type DeploymentState, type MessageDefinition } from '@podway/contracts';
import type { Circumstance } from './circumstances.js';
import {
  nextStates,
  ownSaga,
  reactionOf,
  sagaMessages,
  type Instead,
  type Reaction,
  type SagaParts,
} from './reactions.js';

/** The saga as a Markdown page: diagram, limits and the full grid. Made from the table, never edited. */
export function renderSagaDocument(parts: Partial<SagaParts> = {}): string {
  const saga = { ...ownSaga(), ...parts };
  return [
    '<!-- Generated from libs/pipeline/src/saga-table.ts. Do not edit. -->',
    '# The saga of a deployment',
    'Each state sends one command on entry and waits for its outcome. A step that is silent until its deadline is ' +
      'tried again; after its last attempt it takes the way of a failure.',
    ['```mermaid', ...mermaid(saga), '```'].join('\n'),
    '## Commands and limits',
    limits(saga),
    '## Every state and every message',
    'Names: the state that follows. `once aborted`: the state that follows instead when an abort is remembered; ' +
      '`all or nothing`: when the update names several PODs that go together or not at all; `with approval`: when the ' +
      'POD wants an approval; `installing on each`: when it wants the installers to run on all its servers. ' +
      '`·` ignored, `later` deferred (it comes again), `extends` the deadline, `remembers` the abort until the step ' +
      'has ended, `retries` with a new attempt first. Only the present attempt of a step counts; outcomes of ' +
      'earlier attempts are ignored. States that have ended ignore everything, except RollbackFailed.',
    grid(saga),
  ]
    .join('\n\n')
    .concat('\n');
}

function mermaid(saga: SagaParts): string[] {
  const edges = deploymentStates.flatMap((state) =>
    nextStates(saga, state).map((to) => `  ${state} --> ${to}: ${causes(saga, state, to).join(', ')}`),
  );
  const ends = deploymentStates
    .filter((state) => saga.table[state].terminal)
    .map((state) => `  ${state} --> [*]`);
  return ['stateDiagram-v2', '  [*] --> Authenticating: UpdateSubmitted', ...edges, ...ends];
}

const words: Readonly<Record<Circumstance, string>> = {
  aborted: 'once aborted',
  allOrNothing: 'all or nothing',
  approval: 'with approval',
  installing: 'installing on each',
};

function insteadOf({ instead }: { instead: Instead }): [Circumstance, DeploymentState][] {
  return Object.entries(instead) as [Circumstance, DeploymentState][];
}

function causes(saga: SagaParts, state: DeploymentState, to: DeploymentState): string[] {
  return sagaMessages(saga).flatMap((message) => {
    const reaction = reactionOf(saga, state, message);
    if (!('to' in reaction)) return [];
    if (reaction.to === to) return [message.name];
    return insteadOf(reaction)
      .filter(([, other]) => other === to)
      .map(([circumstance]) => `${message.name} ${words[circumstance]}`);
  });
}

function limits({ table, messages }: SagaParts): string {
  const serviceOf = (type: MessageDefinition['payload'] | undefined) =>
    messages.find(({ payload }) => payload === type)?.service ?? '?';
  const rows = steps.map((step) => {
    const { command, commandInstead = {}, timeoutMs, maxAttempts } = table[step];
    const others = Object.entries(commandInstead) as [Circumstance, typeof command][];
    const named = [
      command?.name ?? '?',
      ...others.map(([when, type]) => `${words[when]} ${type?.name ?? '?'}`),
    ];
    const by = [command, ...others.map(([, type]) => type)].map(serviceOf);
    return [step, named.join('; '), by.join('; '), `${timeoutMs / 1_000} s`, `${maxAttempts}`];
  });
  return markdown(['State', 'Command', 'Service', 'Silence allowed', 'Attempts'], rows);
}

function grid(saga: SagaParts): string {
  const idle = deploymentStates.filter(
    (state) => saga.table[state].terminal && nextStates(saga, state).length === 0,
  );
  const columns = deploymentStates.filter((state) => !idle.includes(state));
  const rows = sagaMessages(saga).map((message) => [
    message.step ? `${message.name} (${message.step})` : message.name,
    ...columns.map((state) => cell(reactionOf(saga, state, message))),
    [...new Set(idle.map((state) => cell(reactionOf(saga, state, message))))].join(' '),
  ]);
  return markdown(['Message', ...columns, idle.join(', ')], rows);
}

function cell(reaction: Reaction): string {
  if ('to' in reaction) {
    const others = insteadOf(reaction).map(([circumstance, other]) => `${words[circumstance]} ${other}`);
    const to = others.length > 0 ? `${reaction.to} (${others.join('; ')})` : reaction.to;
    return reaction.kind === 'retries' ? `retries, ${to}` : to;
  }
  const without = {
    extends: 'extends',
    remembers: 'remembers',
    ignores: '·',
    defers: 'later',
    unhandled: '**UNHANDLED**',
  };
  return without[reaction.kind];
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
