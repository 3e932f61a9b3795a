import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { AuditLog } from '../audit/audit-log.js';
import { auditing } from '../audit/audit-scope.js';
import { connectDatabase, migrate, type Database } from '../data-source.js';
import { ClientVariables } from './client-variables.js';
import { Clients } from './clients.js';

let postgres: TestPostgres;
let dataSource: Database;
let variables: ClientVariables;
beforeAll(async () => {
  postgres = await startPostgres();
  dataSource = await connectDatabase({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrate(dataSource);
  await new Clients(dataSource).create('acme');
  await new Clients(dataSource).create('rival');
  variables = new ClientVariables(dataSource);
});
afterAll(async () => {
  await dataSource?.destroy();
  await postgres?.stop();
});

it('are those of one client, and what a change does not name stays', async () => {
  expect(await variables.of('acme')).toEqual({});
  await variables.change('acme', { set: { edition: 'pro', db: { env: 'PODWAY_SECRET_DB' }, old: '' } });
  const unset = ['old', 'never-there', 'edition'];
  const now = { edition: 'basic', db: { env: 'PODWAY_SECRET_DB' } };
  expect(await variables.change('acme', { set: { edition: 'basic' }, unset })).toEqual(now);
  expect(await variables.of('acme')).toEqual(now);
  expect(await variables.of('rival')).toEqual({});
  expect(await variables.change('nobody', { set: { edition: 'pro' } })).toBeUndefined();
  expect(await variables.of('nobody')).toBeUndefined();
});

it('are changed side by side without losing one', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `v${index}`);
  await Promise.all(names.map((name) => variables.change('rival', { set: { [name]: name } })));
  expect(Object.keys((await variables.of('rival')) ?? {}).toSorted()).toEqual(names);
});

it('are a hundred at most, and a change that is refused changes nothing', async () => {
  const set = Object.fromEntries(Array.from({ length: 91 }, (_, index) => [`w${index}`, 'x']));
  const before = await variables.of('rival');
  await expect(variables.change('rival', { set })).rejects.toMatchObject({ code: 'VARIABLES.TOO_MANY' });
  expect(await variables.of('rival')).toEqual(before);
});

it('are recorded by their names, never by their values', async () => {
  const who = { actor: 'k', client: '*', action: 'changeClientVariables', subject: 'x' };
  const scope = { ...who, detail: {}, recorded: false };
  await auditing(scope, () => variables.change('acme', { set: { edition: 'of-the-moon' }, unset: ['db'] }));
  const [record] = (await new AuditLog(dataSource).list({ limit: 1 })) ?? [];
  expect(record).toMatchObject({
    ...{ actor: 'k', client: 'acme', subject: 'client/acme/variables' },
    detail: { set: ['edition'], unset: ['db'] },
  });
  expect(JSON.stringify(record)).not.toContain('moon');
});
