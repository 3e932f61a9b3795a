import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { connectDatabase, isMigrated, migrate, type Database } from './data-source.js';

const namesOf = ({ migrations }: Database): unknown[] => migrations.map(({ name }) => name);

describe('migrate', () => {
  let postgres: TestPostgres;
  let url: string;
  let open: Database[];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  beforeEach(async () => {
    url = await postgres.createDatabase();
    open = [];
    return async () => {
      for (const one of open) await one.destroy();
    };
  });
  afterAll(() => postgres?.stop());

  async function connect(): Promise<Database> {
    const dataSource = await connectDatabase({ url, poolSize: 3, applicationName: 'podway test' });
    open.push(dataSource);
    return dataSource;
  }

  it('is not done by connecting', async () => {
    const dataSource = await connect();
    expect(await isMigrated(dataSource)).toBe(false);
    const [row] = await dataSource.query(
      `select count(*)::int as tables from pg_tables where schemaname = 'ingress'`,
    );
    expect(row).toEqual({ tables: 0 });
  });

  it('does its work once', async () => {
    const dataSource = await connect();
    expect(await migrate(dataSource)).toEqual(namesOf(dataSource));
    expect(await isMigrated(dataSource)).toBe(true);
    await dataSource.query(`insert into coordinator.inbox (message_id) values ('kept')`);
    expect(await migrate(dataSource)).toEqual([]);
    expect(await dataSource.query('select message_id from coordinator.inbox')).toEqual([
      { message_id: 'kept' },
    ]);
  });

  it('may be asked for by many processes at once', async () => {
    const processes = await Promise.all(Array.from({ length: 8 }, connect));
    const ran = await Promise.all(processes.map(migrate));
    expect(ran.flat()).toEqual(namesOf(processes[0] as Database));
    for (const dataSource of processes) expect(await isMigrated(dataSource)).toBe(true);
  });

  it('names its connections, so that an administrator can tell them', async () => {
    const dataSource = await connect();
    const [row] = await dataSource.query(`select current_setting('application_name') as name`);
    expect(row).toEqual({ name: 'podway test' });
  });

  it('goes on after the database was restarted', async () => {
    const dataSource = await connect();
    await migrate(dataSource);
    await postgres.restart();
    await expect.poll(() => isMigrated(dataSource).catch(() => false)).toBe(true);
  });
});
