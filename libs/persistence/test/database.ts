import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { connectDatabase, migrate, type Database } from '../src/data-source.js';

/** A migrated database of its own for one spec file, empty before each test. */
export interface TestDatabase {
  readonly dataSource: Database;
  readonly url: string;
  /** Another process, as far as the database can tell. */
  another(): Promise<Database>;
}

export function useDatabase(): TestDatabase {
  let postgres: TestPostgres;
  let dataSource: Database;
  let url: string;
  const others: Database[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    dataSource = await connectDatabase({ url, poolSize: 30 });
    await migrate(dataSource);
  });
  beforeEach(() => empty(dataSource));
  afterAll(async () => {
    for (const one of [dataSource, ...others]) await one?.destroy();
    await postgres?.stop();
  });
  return {
    get dataSource() {
      return dataSource;
    },
    get url() {
      return url;
    },
    async another() {
      const other = await connectDatabase({ url, poolSize: 5 });
      others.push(other);
      return other;
    },
  };
}

async function empty(dataSource: Database): Promise<void> {
  const rows: { name: string }[] = await dataSource.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname in ('coordinator', 'inventory', 'ingress', 'auth') and tablename <> 'rotation_generation'`,
  );
  await dataSource.transaction(async (manager) => {
    // Without the triggers that keep the audit log.
    await manager.query('set local session_replication_role = replica');
    await manager.query(`truncate ${rows.map(({ name }) => name).join(', ')} restart identity`);
  });
}
