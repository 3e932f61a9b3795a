// Writes docs/generated/cli.md: every command of the command line, from its own help.
import { exitCodes, runProgram } from '@podway/cli';
import { markdownTable } from './markdown-table.mjs';
import { prose } from './schema-tables.mjs';
import { writeOrCheck } from './write-or-check.mjs';

/** Wide enough that each option is one line. */
const COLUMNS = 10_000;

async function helpOf(command) {
  let text = '';
  const sink = { columns: COLUMNS, write: (chunk) => (text += chunk) };
  const code = await runProgram([...command, '--help'], {
    stdout: sink,
    stderr: sink,
    stdin: { text: async () => '', line: async () => '' },
    env: {},
    cwd: '/',
    home: '/',
    interrupted: new AbortController().signal,
  });
  if (code !== exitCodes.succeeded) throw new Error(`podway ${command.join(' ')} --help: ${text}`);
  return read(text.trim().split('\n\n'));
}

/** A help text in its parts: usage, what the command does, lists of a term and its meaning. */
function read([usage, does = '', ...lists]) {
  const listed = (name) =>
    (lists.find((list) => list.startsWith(`${name}:\n`)) ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/ {2,}/));
  return {
    ...{ usage: usage.replace('Usage: ', ''), does },
    ...{ terms: listed('Arguments'), options: listed('Options'), commands: listed('Commands') },
  };
}

const table = (rows, head) =>
  rows.length === 0
    ? []
    : [
        markdownTable(
          [head, 'meaning'],
          rows.map(([term, text]) => [`\`${term}\``, prose(text)]),
        ),
      ];

const top = await helpOf([]);
const shared = new Set(top.options.map(([term]) => term));

async function sections(command) {
  const help = await helpOf(command);
  const below = help.commands.map(([term]) => term.split(' ')[0]).filter((name) => name !== 'help');
  const own = help.options.filter(([term]) => !shared.has(term));
  const doesSomething = !help.usage.endsWith('[options] [command]') || own.length > 0;
  const section = [
    `## podway ${command.join(' ')}`,
    `${prose(help.does)}.`,
    `\`\`\`text\n${help.usage}\n\`\`\``,
    ...table(help.terms, 'argument'),
    ...table(own, 'option'),
  ];
  const rest = [];
  for (const name of below) rest.push(...(await sections([...command, name])));
  return doesSomething ? [...section, ...rest] : rest;
}

const all = [];
for (const [term] of top.commands) {
  const name = term.split(' ')[0];
  if (name !== 'help') all.push(...(await sections([name])));
}

await writeOrCheck(
  'docs/generated/cli.md',
  [
    '<!-- Generated from the help of the command line by tools/generate/cli-page.mjs. Do not edit. -->',
    '# Commands',
    'Every command of `podway`, as `podway <command> --help` tells it. What they are good for: [the command line](../command-line.md). ' +
      '[Exit codes](../publishing.md#exit-codes) tell how a command ended.',
    'All commands take these options:',
    ...table(
      top.options.filter(([term]) => !term.includes('--version')),
      'option',
    ),
    ...all,
  ]
    .join('\n\n')
    .concat('\n'),
);
