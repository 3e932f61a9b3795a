import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { connectDatabase, isMigrated, migrate, type Database } from '../data-source.js';
import { Inventory } from '../inventory/inventory.js';
import { asTenant, tenantScoped } from './tenant.js';

/** In order: the role is one of the whole cluster. */
describe('the role podway_tenant', () => {
  let postgres: TestPostgres;
  let admin: Database;
  const open: Database[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
    admin = await connectDatabase({ url: postgres.url(), poolSize: 2 });
    open.push(admin);
  });
  afterAll(async () => {
    for (const one of open) await one.destroy();
    await postgres?.stop();
  });

  /** A database that belongs to a user with these rights alone. */
  async function databaseOf(user: string, rights = ''): Promise<Database> {
    await admin.query(`create role ${user} login password 'secret' ${rights}`);
    const url = new URL(await postgres.createDatabase());
    await admin.query(`alter database ${url.pathname.slice(1)} owner to ${user}`);
    Object.assign(url, { username: user, password: 'secret' });
    const dataSource = await connectDatabase({ url: url.href, poolSize: 3 });
    open.push(dataSource);
    return dataSource;
  }
  const works = async (dataSource: Database): Promise<void> => {
    expect(await isMigrated(dataSource)).toBe(true);
    const inventory = new Inventory(tenantScoped(dataSource));
    expect(await asTenant({ client: 'acme', pods: [] }, () => inventory.list())).toEqual([]);
  };

  it('is asked for, with the SQL to run, where the user may make none; then the migration goes on', async () => {
    const dataSource = await databaseOf('limited');
    const refused: unknown = await migrate(dataSource).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'DATABASE.ROLE_NEEDED', details: { user: 'limited' } });
    const sql = /run: (create role [^;]+; grant [^;]+;)/.exec((refused as Error).message)?.[1];
    await admin.query(sql ?? '');
    await migrate(dataSource);
    await works(dataSource);
  });

  it('is asked for where it is there, and the user may not take it', async () => {
    const dataSource = await databaseOf('another');
    await expect(migrate(dataSource)).rejects.toMatchObject({ code: 'DATABASE.ROLE_NEEDED' });
    await admin.query('grant podway_tenant to another');
    await migrate(dataSource);
    await works(dataSource);
  });

  it('is made by a user who may make roles', async () => {
    await admin.query('drop owned by podway_tenant; revoke podway_tenant from limited, another');
    for (const one of open.slice(1))
      await one.query('drop schema coordinator, inventory, ingress, auth cascade');
    await admin.query('drop role podway_tenant');
    const dataSource = await databaseOf('maker', 'createrole');
    await migrate(dataSource);
    await works(dataSource);
  });

  it('is shared by the databases of a cluster that are migrated at once', async () => {
    const databases = await Promise.all(
      [1, 2, 3].map(async () => connectDatabase({ url: await postgres.createDatabase(), poolSize: 2 })),
    );
    open.push(...databases);
    await Promise.all(databases.map((one) => migrate(one)));
    for (const one of databases) await works(one);
  });

  it('must not be one that walls do not hold', async () => {
    await admin.query('alter role podway_tenant bypassrls');
    const dataSource = await connectDatabase({ url: await postgres.createDatabase(), poolSize: 2 });
    open.push(dataSource);
    await expect(migrate(dataSource)).rejects.toMatchObject({ code: 'DATABASE.ROLE_UNFIT' });
    await admin.query('alter role podway_tenant nobypassrls');
    await migrate(dataSource);
    await works(dataSource);
  });
});
