import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { advisoryLocks } from './advisory-locks.js';
import * as entities from './entities/index.js';
import * as migrations from './migrations/index.js';

/** A connection pool to Podway's database. */
export type Database = DataSource;

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  url: string;
  /** Most connections of this process. Default 10. */
  poolSize?: number;
  /** Shown by Postgres for this process's connections. */
  applicationName?: string;
}

/** Connects to Podway's database. The schema is changed by {@link migrate} only, never on connect. */
export async function connectDatabase(options: DatabaseOptions): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    poolSize: options.poolSize ?? 10,
    applicationName: options.applicationName ?? 'podway',
    connectTimeoutMS: 10_000,
    extra: { keepAlive: true, statement_timeout: 30_000, idle_in_transaction_session_timeout: 60_000 },
    // A connection that Postgres closed is dropped by the pool; the next query opens another.
    poolErrorHandler: () => undefined,
    entities: Object.values(entities),
    // In the order of the times in their names.
    migrations: Object.values(migrations),
    migrationsTableName: 'podway_migrations',
    synchronize: false,
    logging: false,
  });
  await dataSource.initialize();
  return dataSource;
}

/** Brings the schema up to date. Safe to run from several processes at once. Returns the names of what it ran. */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [advisoryLocks.migrations]);
    try {
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map((migration) => migration.name);
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [advisoryLocks.migrations]);
    }
  } finally {
    await runner.release();
  }
}

/** Whether every migration of this version has run. A service is not ready before. */
export async function isMigrated(dataSource: DataSource): Promise<boolean> {
  return !(await dataSource.showMigrations());
}
