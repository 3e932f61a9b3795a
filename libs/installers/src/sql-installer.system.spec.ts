import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Component, SqlEngine } from '@podway/contracts';
import { ensurePackages } from '@podway/testing/fleet';
import { installingServer, type Files } from '../test/installing-server.js';
import { startDatabase, type TestDatabase } from '../test/test-database.js';
import { resolveVariables } from './variables.js';

const scripts: Files = {
  'sql/1.sql':
    "CREATE TABLE prices (item varchar(50), price integer);\nINSERT INTO prices VALUES ('tea', 3);\n",
  'sql/2.sql': 'ALTER TABLE prices ADD COLUMN tax integer;\nUPDATE prices SET tax = 1;\n',
  'sql/2-down.sql': 'ALTER TABLE prices DROP COLUMN tax;\n',
  'sql/other.sql': 'SELECT 1;\n',
  'sql/no-end.sql': "INSERT INTO prices (item) VALUES ('milk')",
  'sql/quote.sql': "INSERT INTO prices (item) VALUES ('milk);\n",
  'sql/data.sql': "INSERT INTO prices (item) VALUES ('milk');\nINSERT INTO nothing VALUES (1);\n",
  'sql/ddl.sql': 'CREATE TABLE more (id integer);\nINSERT INTO nothing VALUES (1);\n',
};

describe.each<SqlEngine>(['postgresql', 'mariadb'])('the installer sql, %s', (engine) => {
  const { bundle, context, install, publish, at, nextToken } = installingServer();
  let server: TestDatabase;
  let database: string;
  let databases = 0;
  beforeAll(async () => {
    await ensurePackages(['mariadb-server', 'postgresql-client'], (line) => console.error(line));
    server = await startDatabase[engine]();
  }, 300_000);
  afterAll(() => server.stop());
  beforeEach(() => {
    database = `shop_${++databases}`;
    server.create(database);
    Object.assign(at().target.state, { parts: [server.part(database)] });
  });

  const sql = (script: string, changes: Partial<Component> = {}): Component => ({
    ...{ name: 'schema', installer: 'sql', engine, database, script: `sql/${script}.sql`, version: '1' },
    ...changes,
  });
  const second = (changes: Partial<Component> = {}): Component =>
    sql('2', { version: '2', expectedVersion: '1', down: 'sql/2-down.sql', ...changes });
  const ask = (statement: string): string => server.ask(database, statement);
  const versions = (): string =>
    ask('SELECT name, version, state FROM podway_schema ORDER BY position').replaceAll('\t', ' ');
  const apply = async (component: Component, more: Files = {}) =>
    publish(await bundle({ ...scripts, ...more }), [component]);

  it('goes from version to version, and back by its down script', async () => {
    await apply(sql('1'));
    await apply(second());
    expect(ask('SELECT item, price, tax FROM prices')).toBe('tea\t3\t1');
    expect(versions()).toBe('schema 1 applied\nschema 2 applied');
    await apply(second({ direction: 'down' }));
    expect(versions()).toBe('schema 1 applied');
    expect(() => ask('SELECT tax FROM prices')).toThrow();
    await apply(second({ direction: 'down' }));
    await apply(sql('1'));
    await apply(second());
    expect(versions()).toBe('schema 1 applied\nschema 2 applied');
  });

  it('does nothing where the version is there already by the same script', async () => {
    await apply(sql('1'));
    await apply(sql('1'));
    expect(ask('SELECT count(*) FROM prices')).toBe('1');
  });

  it('keeps a version for each component', async () => {
    await apply(sql('1'));
    await apply(sql('other', { name: 'reports', version: '7' }));
    expect(versions().split('\n').sort()).toEqual(['reports 7 applied', 'schema 1 applied']);
  });

  it.each<[string, () => Component, string]>([
    ['no version', () => second(), 'the schema has no version, not 1, as the script expects'],
    [
      'no version to go back from',
      () => second({ direction: 'down', expectedVersion: '0' }),
      'the schema has no version',
    ],
  ])('refuses another version before anything is changed: %s', async (_, component, told) => {
    await expect(apply(component())).rejects.toMatchObject({
      code: 'INSTALL.SQL_VERSION_UNEXPECTED',
      retryable: false,
      message: expect.stringContaining(told) as string,
    });
    expect(() => ask('SELECT 1 FROM podway_schema')).toThrow();
  });

  it('refuses another script for a version that is there, and a version that was passed', async () => {
    await apply(sql('1'));
    await apply(second());
    for (const component of [
      second({ script: 'sql/other.sql' }),
      sql('1'),
      sql('other', { version: '3', expectedVersion: '1' }),
    ]) {
      await expect(apply(component)).rejects.toMatchObject({
        code: 'INSTALL.SQL_VERSION_UNEXPECTED',
        message: expect.stringContaining('has version 2') as string,
      });
    }
    expect(versions()).toBe('schema 1 applied\nschema 2 applied');
  });

  it('takes a script whose last statement has no end', async () => {
    await apply(sql('1'));
    await apply(sql('no-end', { version: '2', expectedVersion: '1' }));
    expect(ask('SELECT count(*) FROM prices')).toBe('2');
  });

  it.each(['data', 'quote'])('changes nothing by a script that fails: %s', async (script) => {
    await apply(sql('1'));
    const failed = apply(sql(script, { version: '2', expectedVersion: '1' }));
    await expect(failed).rejects.toMatchObject({ code: 'INSTALL.SQL_FAILED', details: { committed: false } });
    expect(ask('SELECT count(*) FROM prices')).toBe('1');
    expect(versions()).toBe('schema 1 applied');
  });

  it('tells whether a script that fails has left a part of its work', async () => {
    await apply(sql('1'));
    const component = sql('ddl', { version: '2', expectedVersion: '1' });
    const left = engine === 'mariadb';
    await expect(apply(component)).rejects.toMatchObject({
      code: 'INSTALL.SQL_FAILED',
      details: { committed: left },
    });
    if (!left) {
      expect(() => ask('SELECT 1 FROM more')).toThrow();
      return expect(versions()).toBe('schema 1 applied');
    }
    expect(versions()).toBe('schema 1 applied\nschema 2 begun');
    await expect(apply(component)).rejects.toMatchObject({
      code: 'INSTALL.SQL_VERSION_UNEXPECTED',
      message: expect.stringContaining('version 2 was begun, and not finished') as string,
    });
  });

  it('does not take the end of its transaction from a script, where there is one', async () => {
    const more = { 'sql/ends.sql': 'CREATE TABLE more (id integer);\nCOMMIT;\nBEGIN;\n' };
    const error = await apply(sql('ends'), more).catch((reason: unknown) => reason);
    if (engine === 'mariadb') return expect(versions()).toBe('schema 1 applied');
    expect(error).toMatchObject({ code: 'INSTALL.SQL_FAILED', details: { committed: true } });
  });

  it('gives variables to the script, whatever is in them, and tells no secret', async () => {
    const secret = `it's "$(id)" \\ 100% ; drop \n :x`;
    const variables = await resolveVariables(
      [
        { name: 'db-password', secret: true },
        { name: 'edition', default: "pro'; --" },
      ],
      { server: 'server-1', values: [{ 'db-password': { env: 'PODWAY_SECRET_X' } }] },
      { environment: () => secret, file: async () => undefined },
    );
    const [password, edition] =
      engine === 'postgresql' ? [":'db_password'", ":'edition'"] : ['@db_password', '@edition'];
    const digest = await bundle({
      'sql/keep.sql': `CREATE TABLE kept (password varchar(200), edition varchar(200));\nINSERT INTO kept VALUES (${password}, ${edition});\n`,
      'sql/show.sql': `SELECT ${password};\nSELECT * FROM nothing WHERE x = ${password};\n`,
    });
    await publish(digest, [sql('keep')], context(), { variables });
    expect(ask('SELECT password FROM kept')).toBe(secret);
    expect(ask('SELECT edition FROM kept')).toBe("pro'; --");
    const ctx = context();
    const component = sql('show', { version: '2', expectedVersion: '1' });
    const error = (await publish(digest, [component], ctx, { variables }).catch(
      (reason: unknown) => reason,
    )) as Error;
    expect(error).toMatchObject({ code: 'INSTALL.SQL_FAILED' });
    expect(error.message).toContain('[secret]');
    expect(JSON.stringify([error.message, error.stack, ctx.messages])).not.toMatch(/\$\(id\)|100% ; drop/);
  });

  it('runs once a deployment', async () => {
    const digest = await bundle(scripts);
    const ctx = context();
    await install(digest, [sql('1')], ctx);
    await publish(digest, [sql('1')], { ...ctx, fencingToken: nextToken() });
    expect(ask('SELECT count(*) FROM prices')).toBe('1');
  });

  it('says when the database cannot be reached', async () => {
    Object.assign(at().target.state, { parts: [{ ...server.part(database), database: 'nowhere' }] });
    await expect(apply(sql('1', { database: 'nowhere' }))).rejects.toMatchObject({
      code: 'INSTALL.SQL_FAILED',
      message: expect.stringContaining('cannot reach the database') as string,
    });
  });

  it('is refused for a database that no part of the state holds', async () => {
    Object.assign(at().target.state, { parts: [server.part('another')] });
    await expect(apply(sql('1'))).rejects.toMatchObject({ code: 'INSTALL.NOT_COVERED' });
  });
});
