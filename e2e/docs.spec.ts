import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { blocksOf, type CodeBlock } from '../tools/markdown.js';
import { newcomer, operator, type Reader } from './support/docs/reader.js';
import { shellCommands } from './support/docs/shell-commands.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const runs = (block: CodeBlock): boolean => block.language === 'sh' || block.language === 'sql';
const blocks = (page: string): CodeBlock[] => blocksOf(readFileSync(join(root, page), 'utf8')).filter(runs);

/** Pages with commands that nothing runs yet. May only get shorter. */
const notYet: readonly string[] = [];
const pages = ['README.md', ...pagesBelow('docs')];

/** In the order in which they are read: one builds on what those before it have left. */
const newcomerPages = ['docs/quick-start.md', 'README.md', 'docs/operations/back-up.md'];
const operatorPages = [
  ...['docs/clients.md', 'docs/how-to/add-a-client.md', 'docs/pods-file.md', 'docs/how-to/add-a-pod.md'],
  ...['docs/publishing.md', 'docs/command-line.md', 'docs/how-to/publish-from-ci.md', 'docs/releases.md'],
];
// All that are not named come last: a new page is run without being listed.
const others = pages.filter(
  (page) =>
    ![...newcomerPages, ...operatorPages, ...notYet].includes(page) &&
    blocks(page).some(({ noRun }) => noRun === undefined),
);

function pagesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('generated/'))
    .map((name) => join(folder, name))
    .sort();
}

/** Commands that go on until somebody stops them. */
const endless = /^podway (?!logs ).*--follow\b|^curl -sN .*\/v1\/events/m;
/** Commands for which Podway has to be stopped, as their page says. */
const whileStopped = /podway-backup|mv \.podway /;

describe('pages', () => {
  it('say why they have commands that are not run', () => {
    const reasons = pages.flatMap(blocks).flatMap(({ noRun }) => noRun ?? []);
    expect([...new Set(reasons)].sort()).toEqual([
      'a test of its own runs it',
      'asks at a terminal',
      'builds and tests all',
      'builds anew, and needs RabbitMQ',
      'installs and builds anew',
      'needs RabbitMQ',
      'needs RabbitMQ, and runs until it is stopped',
      'needs a container engine',
      'needs a roll-back that failed',
      'needs a server at that address',
      'needs the product that it drives',
      'needs the token of a CI job',
      "needs the tools of the database's own version",
      'runs all tests',
      'starts another Podway',
      'takes many minutes',
      'the migration has done it',
      'the test has done it',
      'the test has started it',
    ]);
  });
});

let folder: string;
let postgres: TestPostgres;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-docs-')));
  // Started by root, the database runs as another user, who has to get through.
  await chmod(folder, 0o711);
  await promisify(execFile)(process.execPath, ['tools/pack/cli.mjs', join(folder, 'cli')], { cwd: root });
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
});

describe.each([
  ['a newcomer', newcomerPages, () => newcomer(join(folder, 'newcomer'), join(folder, 'cli/podway.mjs'))],
  [
    'an operator',
    [...operatorPages, ...others],
    () => operator(join(folder, 'operator'), join(folder, 'cli/podway.mjs'), postgres.url()),
  ],
] as const)('%s', (_who, read, start) => {
  let reader: Reader;

  beforeAll(async () => {
    reader = await start();
  });

  afterAll(() => reader.close());

  it.each(read)('can do what %s says', { retry: 0 }, async (page) => {
    expect(await problemsOf(page, reader)).toEqual([]);
  });
});

/** Does what a page says, from its first command to its last, and tells what did not go as it is written. */
async function problemsOf(page: string, { place, standIns }: Reader): Promise<string[]> {
  const shell = await place.shell();
  await rm(join(shell.folder, '.exported'), { force: true });
  if (blocks(page).some(({ text }) => text.includes('init my-site')))
    await rm(join(shell.folder, 'my-site'), { recursive: true, force: true });
  await (await standIns()).before(page);
  const problems: string[] = [];
  for (const { language, text, noRun } of blocks(page)) {
    if (noRun !== undefined) continue;
    if (language === 'sql') await writeFile(join(shell.folder, 'block.sql'), text);
    const block = language === 'sql' ? 'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f block.sql' : text;
    for (const { text: written, exitCode } of shellCommands(block)) {
      const stopped = whileStopped.test(written);
      if (stopped) await place.stop();
      else if (!place.isRunning) await place.start();
      const command = stopped ? written : await (await standIns()).apply(written);
      const untilMs = endless.test(command) ? 1_500 : undefined;
      const { code, output } = await shell.run(command, { untilMs });
      const wentOn = untilMs !== undefined && code === undefined;
      if (!wentOn && code !== exitCode)
        problems.push(`$ ${command}\n${output}exit code ${code}, not ${exitCode}`);
    }
  }
  if (!place.isRunning) await place.start();
  return problems;
}
