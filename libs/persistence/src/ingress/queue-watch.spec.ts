import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { connectDatabase, migrate, type Database } from '../data-source.js';
import { QueueWatch } from './queue-watch.js';

let postgres: TestPostgres;
let dataSource: Database;
let watch: QueueWatch;

beforeAll(async () => {
  postgres = await startPostgres();
  dataSource = await connectDatabase({ url: postgres.url() });
  await migrate(dataSource);
  watch = new QueueWatch(dataSource);
});
afterAll(async () => {
  await dataSource?.destroy();
  await postgres?.stop();
});
beforeEach(() => dataSource.query('delete from ingress.queues_seen'));

const look = (waiting: number): Promise<void> => watch.look(async () => [{ queue: 'a', waiting }], 0);
const oldest = async (): Promise<number | undefined> => (await watch.oldest()).get('a');
/** Makes all that was seen so much older. */
const pass = (ms: number): Promise<unknown> =>
  dataSource.query(
    `update ingress.queues_seen set seen_at = seen_at - $1 * interval '1 ms', queues = coalesce((
       select jsonb_build_object('a', jsonb_agg(jsonb_set(one, '{since}',
         to_jsonb((one->>'since')::timestamptz - $1 * interval '1 ms')))) from jsonb_array_elements(queues->'a') as one
     ), '{}')`,
    [ms],
  );

it('tells since when a queue has not been empty, whichever gateway looks', async () => {
  expect(await oldest()).toBeUndefined();
  await look(0);
  expect(await oldest()).toBeUndefined();
  await pass(5_000);
  await look(2);
  expect(await oldest()).toBeGreaterThanOrEqual(5_000);
  await pass(10_000);
  await new QueueWatch(dataSource).look(async () => [{ queue: 'a', waiting: 3 }], 0);
  expect(await oldest()).toBeGreaterThanOrEqual(15_000);
  expect(await oldest()).toBeLessThan(60_000);
});

it('goes on to the next when the oldest have left, and forgets a queue that is empty', async () => {
  await look(2);
  await pass(40_000);
  await look(3);
  expect(await oldest()).toBeGreaterThanOrEqual(40_000);
  await pass(5_000);
  await look(1);
  expect(await oldest()).toBeGreaterThanOrEqual(45_000);
  await pass(5_000);
  await look(2);
  await look(1);
  expect(await oldest()).toBeLessThan(45_000);
  await look(0);
  expect(await oldest()).toBeUndefined();
});

it('does not ask a broker that was asked a moment ago', async () => {
  await look(1);
  let asked = 0;
  const backlog = async () => {
    asked += 1;
    return [];
  };
  await watch.look(backlog, 60_000);
  expect(asked).toBe(0);
  await watch.look(backlog, 0);
  expect(asked).toBe(1);
});

it('does not take an older look for the newer', async () => {
  const slow = watch.look(async () => {
    await look(0);
    return [{ queue: 'a', waiting: 7 }];
  }, 0);
  await slow;
  expect(await oldest()).toBeUndefined();
});

it('says nothing when nobody has looked for long', async () => {
  await look(1);
  expect(await oldest()).toBeDefined();
  await pass(61_000);
  expect(await oldest()).toBeUndefined();
});
