import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePackages } from '@podway/testing/fleet';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { blocksRunBy } from '../tools/pages.js';
import { Running } from './support/docs/running.js';
import { Shell } from './support/docs/shell.js';
import { shellCommands } from './support/docs/shell-commands.js';
import { problemsOfStart, startsPodway } from './support/docs/started.js';
import { startBrowser } from './support/browser.js';
import { Clone } from './support/docs/clone.js';

/** For what takes many minutes, and what only those who change Podway or upgrade it type. */
const blocks = blocksRunBy(import.meta.url);
/** What is left of the tests of each kind where a command runs them all. */
const FEW = [
  'libs/contracts/src/envelope.spec.ts',
  'libs/state/src/disk-full.system.spec.ts',
  'e2e/cut-upload.long.spec.ts',
];
const PATIENCE_MS = 1_800_000;
const tried = new Set<string>();

let folder: string;
let clone: Clone;
let postgres: TestPostgres;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podway-working-'));
  await ensurePackages(['chromium'], (line) => console.error(line));
  postgres = await startPostgres();
  clone = await Clone.make(folder);
  // What runs this test has set some for itself.
  const ours = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV$|npm_)/.test(name));
  env = {
    ...(Object.fromEntries(ours) as Record<string, string>),
    DATABASE_URL: postgres.url(),
    NO_COLOR: '1',
  };
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** As it is written, but for benchmarks: only their quick look. */
const quickly = (command: string): string =>
  command.replace(/^(npm run bench)\b/, '$1 -- --small').replace(/^(node bench\/\S+)/, '$1 --small');

async function run(written: string): Promise<void> {
  const command = written.replace(/ +#.*$/, '');
  // What takes long is on several pages: once is enough.
  if (/bench|run test:/.test(command) && tried.has(command)) return;
  tried.add(command);
  if (startsPodway(command)) {
    expect(await problemsOfStart(command, { folder: join(folder, 'started'), env })).toEqual([]);
    return;
  }
  if (command === 'npm run docs') return await showsTheSite(command);
  if (command.startsWith('git pull')) await clone.newVersion();
  await (/\bnpm (test|run test:)/.test(command) ? clone.keepTests(FEW) : clone.restore());
  const shell = new Shell(clone.path, env);
  const { code, output } = await shell.run(quickly(command), { untilMs: PATIENCE_MS });
  expect(code, `$ ${command}\n${output}`).toBe(0);
  if (/\bnpm (test|run test:)/.test(command)) expect(output).toMatch(/Tests .* passed/);
  if (command.startsWith('npm run generate')) expect(await clone.changes()).toBe('');
  if (command.startsWith('git pull')) expect(output).toContain('Fast-forward');
}

async function showsTheSite(command: string): Promise<void> {
  let url: string | undefined;
  const running = await Running.start(command, {
    cwd: clone.path,
    env,
    ready: (said) => (url = /Local:\s+(http\S+)/.exec(said)?.[1]) !== undefined,
  });
  const browser = await startBrowser();
  try {
    await browser.page.goto(url ?? '');
    await browser.page.getByRole('heading', { level: 1, name: 'Podway' }).waitFor();
  } finally {
    await browser.close();
    await running.stop();
  }
}

describe.each(blocks)('$page', ({ text }) => {
  it.each(shellCommands(text).map((command) => command.text))(
    '%s',
    { retry: 0, timeout: PATIENCE_MS + 60_000 },
    run,
  );
});
