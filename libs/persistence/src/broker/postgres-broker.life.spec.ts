import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Disposition, Topology } from '@podway/messaging';
import { gate, numbered, numberIn } from '@podway/messaging/testing';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { brokerSchema } from './broker-schema.js';
import { PostgresBroker } from './postgres-broker.js';
import type { PostgresBrokerOptions } from './postgres-broker.options.js';
import { queuesBoundTo } from './routes.js';

const queue = 'podway.test.queue';
const topology: Topology = {
  queues: [{ name: queue, bindings: [{ exchange: 'podway.commands', key: queue }] }],
  retry: { delaysMs: [10], maxTries: 2, deliveryLimit: 20 },
};
const ack: Disposition = { kind: 'ack' };

describe('PostgresBroker', () => {
  let postgres: TestPostgres;
  let connectionString: string;
  const brokers: PostgresBroker[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    connectionString = await postgres.createDatabase();
  });
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.close();
  });

  async function open(options: PostgresBrokerOptions = {}): Promise<PostgresBroker> {
    const own = options.pool ? {} : { connectionString };
    const broker = new PostgresBroker({ ...own, drainTimeoutMs: 1_000, ...options });
    brokers.push(broker);
    await broker.declare(topology);
    return broker;
  }

  async function ask<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      return (await client.query<T>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  it('makes its tables once, whoever comes first, and again without harm', async () => {
    await Promise.all([open(), open(), open(), open()]);
    await ask(brokerSchema);
    expect(await ask('select from broker.message')).toEqual([]);
  });

  it('wakes consumers of other processes', async () => {
    const slow = { sweepMs: 3_600_000 };
    const [publisher, consumer] = [await open(slow), await open(slow)];
    const seen: number[] = [];
    await consumer.consume(queue, { prefetch: 1 }, async (delivery) => {
      seen.push(numberIn(delivery));
      return ack;
    });
    await publisher.publish(numbered(1, { routingKey: queue }));
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 10_000 });
  });

  it('finds by itself what no wake-up told of', async () => {
    const broker = await open({ sweepMs: 20 });
    const seen: number[] = [];
    await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
      seen.push(numberIn(delivery));
      return ack;
    });
    const { envelope } = numbered(9, { routingKey: queue });
    const row = [queue, envelope.id, Buffer.from(JSON.stringify(envelope))];
    await ask('insert into broker.message (queue, message_id, body) values ($1, $2, $3)', row);
    await vi.waitFor(() => expect(seen).toEqual([9]), { timeout: 10_000 });
  });

  it('lets a living handler keep its message when Postgres restarts, or only the session of its life sign', async () => {
    const broker = await open({ sweepMs: 20 });
    const rival = await open({ sweepMs: 20 });
    const { opened, open: release } = gate();
    const seen: number[] = [];
    await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
      seen.push(numberIn(delivery));
      await opened;
      return ack;
    });
    await broker.publish(numbered(1, { routingKey: queue }));
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 10_000 });
    await rival.close();
    // Who holds the lock tells which session speaks for the consumer.
    const speaks = `select pid from pg_locks where locktype = 'advisory' and pid <> all ($1::integer[])`;
    const [first] = await ask<{ pid: number }>(speaks, [[]]);
    await ask('select pg_terminate_backend($1)', [first?.pid]);
    const another = (): Promise<{ pid: number }[]> => ask(speaks, [[first?.pid]]);
    await vi.waitFor(async () => expect(await another()).toHaveLength(1), { timeout: 10_000 });
    await postgres.restart();
    await vi.waitFor(async () => expect(await ask(speaks, [[]])).toHaveLength(1), { timeout: 10_000 });
    const heir = await open({ sweepMs: 20 });
    await heir.consume(queue, { prefetch: 1 }, async (delivery) => {
      seen.push(numberIn(delivery));
      return ack;
    });
    await broker.publish(numbered(2, { routingKey: queue }));
    await vi.waitFor(() => expect(seen).toEqual([1, 2]), { timeout: 10_000 });
    release();
    await vi.waitFor(async () => expect(await ask('select id from broker.message')).toEqual([]), {
      timeout: 10_000,
    });
    expect(seen).toEqual([1, 2]);
  });

  it('does not let a handler that was given up end the message of its heir', async () => {
    const broker = await open();
    const [first, second] = [gate(), gate()];
    const started: string[] = [];
    const subscription = await broker.consume(queue, { prefetch: 1 }, async () => {
      started.push('first');
      await first.opened;
      return ack;
    });
    await broker.publish(numbered(1, { routingKey: queue }));
    await vi.waitFor(() => expect(started).toEqual(['first']), { timeout: 10_000 });
    await subscription.close({ timeoutMs: 1 });
    await broker.consume(queue, { prefetch: 1 }, async () => {
      started.push('second');
      await second.opened;
      return { kind: 'dead-letter', code: 'INPUT.INVALID', reason: 'wrong' };
    });
    await vi.waitFor(() => expect(started).toEqual(['first', 'second']), { timeout: 10_000 });
    first.open();
    second.open();
    await vi.waitFor(async () => expect(await broker.deadLetters(queue).count()).toBe(1), {
      timeout: 10_000,
    });
  });

  it('leaves a pool that it was given open', async () => {
    const pool = new pg.Pool({ connectionString });
    const broker = await open({ pool });
    await broker.close();
    expect((await pool.query<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  it('refuses to publish once it is closed', async () => {
    const broker = await open();
    await broker.close();
    const late = broker.publish(numbered(1, { routingKey: queue }));
    await expect(late).rejects.toMatchObject({ code: 'BROKER.CLOSED' });
  });
});

describe('queuesBoundTo', () => {
  const bound = (pattern: string, key: string): boolean => {
    const events = { name: 'q', bindings: [{ exchange: 'podway.events' as const, key: pattern }] };
    return queuesBoundTo({ ...topology, queues: [events] }, 'podway.events', key).length === 1;
  };

  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.c', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['#', '', true],
    ['#', 'a.b.c', true],
    ['a.#', 'a', true],
    ['a.#.d', 'a.d', true],
    ['a.#.d', 'a.b.c.d', true],
    ['a.#.d', 'a.b.c', false],
    ['*.#.*', 'a', false],
    ['#.a.#', 'x.a.y.z', true],
    ['a.b', 'a', false],
  ])('%s takes %s: %s', (pattern, key, expected) => {
    expect(bound(pattern, key)).toBe(expected);
  });
});
