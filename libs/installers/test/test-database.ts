import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlEngine, StatePart } from '@podway/contracts';
import { startPostgres } from '@podway/testing/postgres';

/** A real database server for one spec file, as a part of a POD's state says how it is reached. */
export interface TestDatabase {
  /** The part for a database of that name. */
  part(database: string): StatePart;
  /** An empty one. */
  create(database: string): void;
  /** What a statement tells: columns with tabs between, a line for each row. */
  ask(database: string, statement: string): string;
  stop(): Promise<void>;
}

export const startDatabase: Record<SqlEngine, () => Promise<TestDatabase>> = {
  postgresql: async () => {
    const server = await startPostgres();
    const folder = mkdtempSync(join(tmpdir(), 'podway-sql-'));
    const { hostname, port, username, password } = new URL(server.url());
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, `${decodeURIComponent(password)}\n`, { mode: 0o600 });
    const ask = (database: string, statement: string): string =>
      execFileSync('psql', ['-XAtqF', '\t', server.url(database), '-c', statement], {
        encoding: 'utf8',
      }).trim();
    return {
      part: (database) => ({
        ...({ name: 'data', driver: 'database', engine: 'postgresql', database } as const),
        ...{ host: hostname, port: Number(port), user: username, passwordFile },
      }),
      create: (database) => void ask('podway', `CREATE DATABASE ${database}`),
      ask,
      stop: async () => {
        rmSync(folder, { recursive: true });
        await server.stop();
      },
    };
  },
  mariadb: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'podway-sql-'));
    const [data, socket] = [join(folder, 'data'), join(folder, 'socket')];
    mkdirSync(data);
    const place = [`--datadir=${data}`, '--user=root'];
    execFileSync(
      'mariadb-install-db',
      ['--no-defaults', ...place, '--auth-root-authentication-method=normal', '--skip-test-db'],
      { stdio: 'pipe' },
    );
    const server = spawn(
      'mariadbd',
      ['--no-defaults', ...place, `--socket=${socket}`, `--pid-file=${folder}/pid`, '--skip-networking'],
      { stdio: 'ignore' },
    );
    const ask = (database: string, statement: string): string =>
      execFileSync(
        'mariadb',
        ['--no-defaults', '-BNr', '--user=root', `--socket=${socket}`, database, '-e', statement],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      ).trim();
    for (let tries = 0; ; tries += 1) {
      try {
        ask('mysql', 'SELECT 1');
        break;
      } catch (error) {
        if (tries > 300 || server.exitCode !== null) throw error;
        await sleep(100);
      }
    }
    return {
      part: (database) => ({
        ...({ name: 'data', driver: 'database', engine: 'mariadb', database, socket } as const),
      }),
      create: (database) => void ask('mysql', `CREATE DATABASE ${database}`),
      ask,
      stop: async () => {
        const ended = once(server, 'exit');
        server.kill('SIGKILL');
        await ended;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
