import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { DataFolderInUseError } from './embedded.errors.js';
import { freePort } from './free-port.js';
import { postgresBinaries } from './postgres-binaries.js';
import { PostgresCluster } from './postgres-cluster.js';
import { PostmasterProcess } from './postmaster-process.js';
import { isAlive } from './postmaster.js';

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

describe('EmbeddedPostgres', () => {
  let folder: string;
  const started: EmbeddedPostgres[] = [];

  function embedded(options: { supervise?: boolean } = {}): EmbeddedPostgres {
    const postgres = new EmbeddedPostgres({ folder, durable: false, ...options });
    started.push(postgres);
    return postgres;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podway-embedded-'));
  });

  afterEach(async () => {
    for (const postgres of started.splice(0)) await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('accepts its password on the loopback and no other', async () => {
    const postgres = embedded();
    await postgres.start();
    expect(await ask(postgres.url(), 'select current_database()')).toEqual(['podway']);
    const wrong = postgres.url().replace(/:[^:@]+@/, ':wrong@');
    await expect(ask(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect((await stat(join(folder, 'password'))).mode & 0o777).toBe(0o600);
    expect(await ask(postgres.url(), 'show listen_addresses')).toEqual(['127.0.0.1']);
    expect(await ask(postgres.url(), 'show unix_socket_directories')).toEqual(['']);
  });

  it('does not run as root', async () => {
    const postgres = embedded();
    await postgres.start();
    const status = await readFile(`/proc/${postgres.pid}/status`, 'utf8');
    const uids = /^Uid:\s+(\d+)/m.exec(status);
    expect(uids?.[1]).toMatch(/^[1-9]/);
  });

  it('writes through to the disk unless told otherwise', async () => {
    const postgres = new EmbeddedPostgres({ folder });
    started.push(postgres);
    await postgres.start();
    expect(await ask(postgres.url(), 'show fsync')).toEqual(['on']);
  });

  it('keeps data, password and port over a restart', async () => {
    const postgres = embedded();
    await postgres.start();
    const url = postgres.url();
    await ask(url, 'create table kept as select 7 as n');
    await postgres.restart();
    expect(postgres.url()).toBe(url);
    expect(await ask(url, 'select n from kept')).toEqual([7]);
  });

  it('starts again on the same port after the server was killed', async () => {
    const postgres = embedded();
    await postgres.start();
    const first = postgres.pid;
    process.kill(first ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(postgres.pid).not.toBe(first), { timeout: 20_000, interval: 20 });
    await vi.waitFor(async () => expect(await ask(postgres.url(), 'select 1')).toEqual([1]), {
      timeout: 20_000,
    });
  });

  it('ends what a killed process left running, then starts its own', async () => {
    const before = embedded();
    await before.start();
    await before.stop();
    const cluster = new PostgresCluster(folder);
    await cluster.prepare();
    const { postgres: binary } = await postgresBinaries(cluster.ids);
    const orphan = await PostmasterProcess.launch(
      binary,
      cluster,
      { port: await freePort(), durable: false },
      () => undefined,
    );
    expect(await orphan.becomesReady(30_000)).toBe(true);
    const pid = orphan.pid ?? 0;
    const postgres = embedded();
    await postgres.start();
    expect(await isAlive(pid)).toBe(false);
    expect(await ask(postgres.url(), 'select 1')).toEqual([1]);
  });

  it('is not led astray by a pid file that names another program', async () => {
    const before = embedded();
    await before.start();
    await before.stop();
    const stranger = spawn('sleep', ['60']);
    await writeFile(join(folder, 'data', 'postmaster.pid'), `${stranger.pid}\n${join(folder, 'data')}\n`);
    try {
      const postgres = embedded();
      await postgres.start();
      expect(await ask(postgres.url(), 'select 1')).toEqual([1]);
      expect(await isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('refuses a folder that a living process works with, and takes it over from a dead one', async () => {
    const other = spawn('sleep', ['60']);
    const line = await readFile(`/proc/${other.pid}/stat`, 'utf8');
    const ticks = line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
    await writeFile(join(folder, 'owner.json'), JSON.stringify({ pid: other.pid, started: ticks }));
    const postgres = embedded();
    await expect(postgres.start()).rejects.toBeInstanceOf(DataFolderInUseError);
    const ended = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await ended;
    await postgres.start();
    expect(await ask(postgres.url(), 'select 1')).toEqual([1]);
  });

  it('refuses a second use inside one process', async () => {
    await embedded().start();
    await expect(embedded().start()).rejects.toBeInstanceOf(DataFolderInUseError);
  });

  it('works in a folder that was made private', async () => {
    await chmod(folder, 0o700);
    const postgres = embedded();
    await postgres.start();
    expect(await ask(postgres.url(), 'select 1')).toEqual([1]);
  });

  it('copies a template database', async () => {
    const postgres = embedded();
    await postgres.start();
    await postgres.ensureDatabase('template_of_ours');
    await ask(postgres.url('template_of_ours'), 'create table seeded as select 3 as n');
    await postgres.ensureDatabase('copy', 'template_of_ours');
    expect(await ask(postgres.url('copy'), 'select n from seeded')).toEqual([3]);
  });
});
