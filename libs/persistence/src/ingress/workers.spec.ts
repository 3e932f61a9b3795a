import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { connectDatabase, migrate, type Database } from '../data-source.js';
import { Workers } from './workers.js';

let postgres: TestPostgres;
let dataSource: Database;
let workers: Workers;

beforeAll(async () => {
  postgres = await startPostgres();
  dataSource = await connectDatabase({ url: postgres.url() });
  await migrate(dataSource);
  workers = new Workers(dataSource);
});
afterAll(async () => {
  await dataSource?.destroy();
  await postgres?.stop();
});

const one = { id: 'one', service: 'installer-agent', host: 'a' } as const;
const other = { id: 'other', service: 'verifier', host: 'b' } as const;
const ids = async (): Promise<string[]> => (await workers.living()).map(({ id }) => id);

it('knows who lives and what they do, until they leave or are not heard of', async () => {
  await workers.beat(one, { running: 0, capacity: 8, sshSessions: 0 });
  await workers.beat(other, { running: 1, capacity: 4, sshSessions: 2 });
  await workers.beat(one, { running: 3, capacity: 8, sshSessions: 5 });
  expect(await workers.living()).toMatchObject([
    { ...one, running: 3, capacity: 8, sshSessions: 5 },
    { ...other, running: 1, capacity: 4, sshSessions: 2 },
  ]);
  const [first] = await workers.living();
  expect(first?.seenAt.getTime()).toBeGreaterThan(first?.startedAt.getTime() ?? Infinity);

  await dataSource.query(
    `update ingress.worker_status set seen_at = now() - interval '61 s' where id = 'one'`,
  );
  expect(await ids()).toEqual(['other']);
  await workers.beat(other, { running: 0, capacity: 4, sshSessions: 0 });
  const [row]: { n: number }[] = await dataSource.query(
    'select count(*)::int as n from ingress.worker_status',
  );
  expect(row?.n).toBe(1);
  await workers.leave('other');
  expect(await ids()).toEqual([]);
});
