import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PostgresStartError } from './embedded.errors.js';
import { claimFolder, releaseFolder } from './folder-owner.js';
import { freePort } from './free-port.js';
import { postgresBinaries } from './postgres-binaries.js';
import { PostgresCluster, role } from './postgres-cluster.js';
import { PostmasterProcess } from './postmaster-process.js';
import { endPostmaster, reapOrphan } from './postmaster.js';

export interface EmbeddedPostgresOptions {
  /** A folder of its own; made when missing. Holds data, password (0600) and log. */
  readonly folder: string;
  /** Loopback port. Default: a free one, chosen at the first start. */
  readonly port?: number;
  /** false only for tests: a crash of the machine may lose everything. Default true. */
  readonly durable?: boolean;
  /** Made when missing. Default `podway`. */
  readonly database?: string;
  /** Default 60 s: recovery after a crash may take a while. */
  readonly startTimeoutMs?: number;
  /** Starts the server again when it ends by itself. Default true. */
  readonly supervise?: boolean;
  /** Told when the server has ended by itself, and each time that it cannot be started again. */
  readonly onTrouble?: (error: Error) => void;
}

/**
 * A private PostgreSQL from npm's binaries: listens on the loopback only, with a random password and no Unix socket.
 * Root's rights are dropped. What a killed process left running in the same folder is ended at the next start.
 */
export class EmbeddedPostgres {
  readonly database: string;
  private readonly cluster: PostgresCluster;
  private server: PostmasterProcess | undefined;
  private chosenPort: number | undefined;
  private password = '';
  private wanted = false;
  private reviving: Promise<void> | undefined;

  constructor(private readonly options: EmbeddedPostgresOptions) {
    this.cluster = new PostgresCluster(resolve(options.folder));
    this.database = options.database ?? 'podway';
    this.chosenPort = options.port;
  }

  /** Known once it was started. */
  get port(): number {
    if (this.chosenPort === undefined) throw new PostgresStartError('PostgreSQL was not started yet', {});
    return this.chosenPort;
  }

  /** Of the server process; unset while it does not run. */
  get pid(): number | undefined {
    return this.server?.pid;
  }

  /** Connection URL, password included. */
  url(database = this.database): string {
    return `postgres://${role}:${this.password}@127.0.0.1:${this.port}/${database}`;
  }

  /** Resolves when connections are accepted and the database is there. */
  async start(): Promise<void> {
    if (this.wanted) return;
    await this.cluster.prepare();
    await claimFolder(this.cluster.folder);
    try {
      this.password = await this.cluster.password();
      await this.startServer();
      this.wanted = true;
      await this.ensureDatabase(this.database);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Clean end and a new start, on the same port. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Clean end: connections are cut, everything is on disk. */
  async stop(): Promise<void> {
    this.wanted = false;
    await this.reviving;
    if (this.server?.pid) await endPostmaster(this.server.pid);
    await releaseFolder(this.cluster.folder);
  }

  /** Makes a database unless it is there. `template` is copied; nobody may be connected to it. */
  async ensureDatabase(name: string, template?: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres') });
    await client.connect();
    try {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
      if (rowCount) return;
      const from = template ? ` template ${client.escapeIdentifier(template)}` : '';
      await client.query(`create database ${client.escapeIdentifier(name)}${from}`);
    } finally {
      await client.end();
    }
  }

  private async startServer(): Promise<void> {
    const durable = this.options.durable ?? true;
    const binaries = await postgresBinaries(this.cluster.ids);
    await reapOrphan(this.cluster.data);
    await this.cluster.initialise(binaries, durable);
    const onEnd = (ended: PostmasterProcess): void => this.ended(ended);
    // Somebody may take a chosen port between the look and the use; after a kill, the old server's children may need
    // a moment to end.
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const port = this.chosenPort ?? (await freePort());
      const server = await PostmasterProcess.launch(
        binaries.postgres,
        this.cluster,
        { port, durable },
        onEnd,
      );
      this.server = server;
      if (await server.becomesReady(this.options.startTimeoutMs ?? 60_000)) {
        this.chosenPort = port;
        return;
      }
      await sleep(attempt * 50);
    }
    const { folder } = this.cluster;
    const logTail = await this.cluster.logTail();
    throw new PostgresStartError(`PostgreSQL did not start in ${folder}: ${logTail}`, { folder, logTail });
  }

  private ended(server: PostmasterProcess): void {
    if (server !== this.server) return;
    this.server = undefined;
    if (!this.wanted) return;
    this.options.onTrouble?.(new PostgresStartError('PostgreSQL ended by itself', { port: this.port }));
    if (this.options.supervise ?? true) this.reviving = this.revive();
    else void this.stop();
  }

  /** On the same port: the URL has been handed out. */
  private async revive(): Promise<void> {
    for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 5_000)) {
      await sleep(delayMs);
      if (!this.wanted) return;
      try {
        await this.startServer();
        return;
      } catch (error) {
        this.options.onTrouble?.(error as Error);
      }
    }
  }
}
