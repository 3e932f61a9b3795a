import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, freePort, migrate } from '@podway/persistence';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = `${root}apps/verifier/dist/main.js`;

/** A service as a process of its own, on the embedded broker. */
describe('runService', () => {
  let postgres: TestPostgres;
  let url: string;
  let children: ChildProcess[];
  beforeAll(async () => {
    // Built by the script that runs these tests.
    await access(main);
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    const dataSource = await connectDatabase({ url });
    await migrate(dataSource);
    await dataSource.destroy();
    children = [];
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => postgres?.stop());

  interface Run {
    child: ChildProcess;
    output: () => string;
    ended: Promise<number | string>;
  }

  function start(env: Record<string, string>): Run {
    const child = spawn(process.execPath, [main], {
      cwd: root,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    return { child, output: () => output, ended };
  }

  async function status(port: number, path: string): Promise<number> {
    return fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status: code }) => code,
      () => 0,
    );
  }

  const logged = (run: Run): Record<string, unknown>[] =>
    run
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('refuses wrong settings at once, names each, and prints no secret', async () => {
    const run = start({
      DATABASE_URL: 'mysql://u:hunter2@db/x',
      PODWAY_HEALTH_PORT: 'x',
      PODWAY_LOG_LEVEL: 'loud',
    });
    expect(await run.ended).toBe(2);
    expect(run.output()).toContain(
      [
        'verifier: Settings are not valid:',
        '  DATABASE_URL: must be a URL like postgres://user:password@host:5432/podway',
        '  PODWAY_LOG_LEVEL: must be one of the following values: trace, debug, info, warn, error, fatal, silent',
        '  PODWAY_HEALTH_PORT: must be an integer number',
      ].join('\n'),
    );
    expect(run.output()).not.toContain('hunter2');
  });

  it('starts, says whether it lives and is ready, and stops when it is told to', async () => {
    const port = await freePort();
    // Nobody takes the spans there: that holds nothing up.
    const otlp = `http://127.0.0.1:${await freePort()}`;
    const env = { PODWAY_HEALTH_PORT: String(port), OTEL_EXPORTER_OTLP_ENDPOINT: otlp };
    const run = start({ DATABASE_URL: url, ...env });
    await expect.poll(() => status(port, '/readyz'), { timeout: 60_000 }).toBe(200);
    expect(await status(port, '/livez')).toBe(200);
    expect(await status(port, '/metrics')).toBe(200);
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(logged(run).map(({ msg }) => msg)).toEqual(['ready', 'stopping', 'stopped']);
    expect(new Set(logged(run).map(({ service }) => service))).toEqual(new Set(['verifier']));
  });

  it('does not start on a database that is not migrated, and says what to do', async () => {
    const run = start({ DATABASE_URL: await postgres.createDatabase() });
    expect(await run.ended).toBe(1);
    expect(logged(run)).toMatchObject([
      { level: 'fatal', err: { message: expect.stringContaining('npm run migrate') as string } },
    ]);
  });

  it('does not start without a database, and says which address it tried, without its password', async () => {
    const port = await freePort();
    const run = start({ DATABASE_URL: `postgres://podway:hunter2@127.0.0.1:${port}/podway` });
    expect(await run.ended).toBe(1);
    expect(run.output()).toContain(`127.0.0.1:${port}`);
    expect(run.output()).not.toContain('hunter2');
  });
});
