import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { EmbeddedPostgres } from '@podway/persistence/embedded';
import { guardFolder } from '../orphan-guard.js';
import { descendants, haveEnded, signalAll } from '../process-tree.js';

/** A private PostgreSQL for tests, in a temporary folder. Port and URL stay the same over restarts. */
export interface TestPostgres {
  readonly port: number;
  /** Of a database; default `podway`, which is empty. */
  url(database?: string): string;
  /** A new database with a name of its own, empty or a copy of `template`. Resolves with its URL. */
  createDatabase(options?: { template?: string }): Promise<string>;
  /** Clean end and new start. */
  restart(): Promise<void>;
  /** kill -9 of the server and of all that works for a connection. It stays down until {@link start}. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts in about a second. Not durable: the data survive a crash of the server, not of the machine. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-postgres-')));
  const dismissGuard = guardFolder(folder);
  const postgres = new EmbeddedPostgres({ folder, durable: false, supervise: false });
  const stop = async (): Promise<void> => {
    await postgres.stop();
    dismissGuard();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await postgres.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port: postgres.port,
    url: (database) => postgres.url(database),
    async createDatabase({ template } = {}) {
      const name = `test_${randomBytes(6).toString('hex')}`;
      await postgres.ensureDatabase(name, template);
      return postgres.url(name);
    },
    restart: () => postgres.restart(),
    async kill() {
      const { pid } = postgres;
      if (pid === undefined) return;
      // The process behind a connection may still answer when its server is gone: all of them end. A server that is
      // stopped first starts no other in between.
      signalAll([pid], 'SIGSTOP');
      const all = [pid, ...(await descendants(pid)).map((child) => child.pid)];
      signalAll(all, 'SIGKILL');
      await haveEnded(all);
      await postgres.stop();
    },
    start: () => postgres.start(),
    stop,
  };
}
