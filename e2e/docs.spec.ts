import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { startRabbitMq, type TestRabbitMq } from '@podway/testing/rabbitmq';
import { codeBlocks } from '../tools/markdown.js';
import { blocksOn, pages, type PageBlock } from '../tools/pages.js';
import { newcomer, operator, type Reader } from './support/docs/reader.js';
import { shellCommands, type ShellCommand } from './support/docs/shell-commands.js';
import { problemsOfStart, startsPodway } from './support/docs/started.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Those with commands that no other test runs. */
const blocks = (page: string): PageBlock[] =>
  blocksOn(page).filter(({ language, runBy }) => ['sh', 'sql'].includes(language) && runBy === undefined);

/** In the order in which they are read: one builds on what those before it have left. */
const newcomerPages = ['docs/quick-start.md', 'README.md', 'docs/operations/back-up.md'];
const operatorPages = [
  ...['docs/clients.md', 'docs/how-to/add-a-client.md', 'docs/pods-file.md', 'docs/how-to/add-a-pod.md'],
  ...['docs/publishing.md', 'docs/command-line.md', 'docs/how-to/publish-from-ci.md', 'docs/releases.md'],
];
// All that are not named come last: a new page is run without being listed.
const others = pages.filter(
  (page) => ![...newcomerPages, ...operatorPages].includes(page) && blocks(page).length > 0,
);

/** Commands that go on until somebody stops them. */
const endless = /^podway (?!logs ).*--follow\b|^curl -sN .*\/v1\/events/m;
/** Commands for which Podway has to be stopped, as their page says. */
const whileStopped = /podway-backup|mv \.podway /;

let folder: string;
let postgres: TestPostgres;
let rabbit: TestRabbitMq;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-docs-')));
  // Started by root, the database runs as another user, who has to get through.
  await chmod(folder, 0o711);
  await promisify(execFile)(process.execPath, ['tools/pack/cli.mjs', join(folder, 'cli')], { cwd: root });
  postgres = await startPostgres();
  rabbit = await startRabbitMq({ management: true });
});

afterAll(async () => {
  await postgres?.stop();
  await rabbit?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
});

describe.each([
  ['a newcomer', newcomerPages, () => newcomer(join(folder, 'newcomer'), join(folder, 'cli/podway.mjs'))],
  [
    'an operator',
    [...operatorPages, ...others],
    () => operator(join(folder, 'operator'), join(folder, 'cli/podway.mjs'), { postgres, rabbit }),
  ],
] as const)('%s', (_who, read, start) => {
  let reader: Reader;

  beforeAll(async () => {
    reader = await start();
  });

  afterAll(() => reader?.close());

  it.each(read)('can do what %s says', { retry: 0 }, async (page) => {
    expect(await problemsOf(page, reader)).toEqual([]);
  });
});

/** A page's commands, in their order. Statements are for the database that `DATABASE_URL` names. */
const commandsOf = (page: string): ShellCommand[] =>
  blocks(page).flatMap(({ language, text }) => {
    if (language === 'sh') return shellCommands(text);
    return [{ text: `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 <<'SQL'\n${text}SQL`, exitCode: 0 }];
  });

/** What has been started as it is written, and done what the page says: once is enough. */
const tried = new Set<string>();

/** Does what a page says, from its first command to its last, and tells what did not go as it is written. */
async function problemsOf(page: string, { place, standIns }: Reader): Promise<string[]> {
  const shell = await place.shell();
  await rm(join(shell.folder, '.exported'), { force: true });
  if (commandsOf(page).some(({ text }) => text.includes('init my-site')))
    await rm(join(shell.folder, 'my-site'), { recursive: true, force: true });
  await (await standIns()).before(page, codeBlocks(readFileSync(join(root, page), 'utf8'), 'yaml'));
  const problems: string[] = [];
  for (const { text: written, exitCode } of commandsOf(page)) {
    // It runs, by this very command.
    if (written === place.command && place.isRunning) continue;
    const stopped = whileStopped.test(written);
    if (stopped) await place.stop();
    else if (!place.isRunning) await place.start();
    const command = stopped ? { text: written } : await (await standIns()).apply(written);
    if (startsPodway(command.text)) {
      if (tried.has(written)) continue;
      tried.add(written);
      const [own, env] = [join(place.folder, `started-${tried.size}`), await shell.exported()];
      problems.push(
        ...(await problemsOfStart(command.text, { folder: own, env: { ...place.ownEnv, ...env } })),
      );
      continue;
    }
    const untilMs = endless.test(command.text) ? 1_500 : undefined;
    const { code, output } = await shell.run(command.text, { untilMs, answer: command.answer });
    const wentOn = untilMs !== undefined && code === undefined;
    if (!wentOn && code !== exitCode)
      problems.push(`$ ${command.text}\n${output}exit code ${code}, not ${exitCode}`);
    else
      await command.afterwards?.(shell).catch((error: unknown) => {
        problems.push(`$ ${command.text}\n${String(error)}`);
      });
  }
  if (!place.isRunning) await place.start();
  return problems;
}
