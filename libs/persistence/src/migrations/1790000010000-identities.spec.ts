import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { connectDatabase } from '../data-source.js';
import { Initial1700000000000 } from './1700000000000-initial.js';
import { Identities1790000010000 } from './1790000010000-identities.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

it('makes clients of those that PODs and keys name, there and back', async () => {
  const dataSource = await connectDatabase({ url: await postgres.createDatabase(), poolSize: 2 });
  const runner = dataSource.createQueryRunner();
  const identities = new Identities1790000010000();
  try {
    await new Initial1700000000000().up(runner);
    await runner.query(`
      insert into inventory.pods (name, client, revision, removed_at)
        values ('shop', 'acme', 1, null), ('blog', 'acme', 1, null), ('old', 'gone', 1, now());
      insert into auth.api_keys (id, secret_digest, client, role, created_at)
        values ('a', '', 'acme', 'viewer', now()), ('b', '', 'other', 'publisher', now()), ('c', '', '*', 'admin', now());`);
    await identities.up(runner);
    const names: unknown = await runner.query(
      'select name from auth.clients where disabled_at is null order by 1',
    );
    expect(names).toEqual(['acme', 'gone', 'other'].map((name) => ({ name })));
    await runner.query(`update auth.api_keys set role = 'approver' where id = 'b'`);
    await identities.down(runner);
    const left: unknown = await runner.query('select id from auth.api_keys order by 1');
    expect(left).toEqual([{ id: 'a' }, { id: 'c' }]);
    await identities.up(runner);
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
});
