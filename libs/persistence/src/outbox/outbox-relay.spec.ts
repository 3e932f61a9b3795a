import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnroutableMessageError } from '@podway/messaging';
import { useDatabase } from '../../test/database.js';
import { RecordingBroker, saying } from '../../test/messages.js';
import type { Database } from '../data-source.js';
import { addToOutbox } from './outbox.js';
import { OutboxRelay } from './outbox-relay.js';

describe('OutboxRelay', () => {
  const db = useDatabase();
  let broker: RecordingBroker;
  let trouble: unknown[];
  let relays: OutboxRelay[];
  beforeEach(() => {
    broker = new RecordingBroker();
    trouble = [];
    relays = [];
  });
  afterEach(() => Promise.all(relays.map((relay) => relay.stop())));

  function start(dataSource: Database = db.dataSource): OutboxRelay {
    const relay = new OutboxRelay(dataSource, 'coordinator', broker.port, (error) => trouble.push(error));
    relays.push(relay);
    relay.start();
    return relay;
  }
  const add = (...texts: string[]): Promise<void> =>
    db.dataSource.transaction((manager) =>
      addToOutbox(
        manager,
        'coordinator',
        texts.map((text) => ({ exchange: 'podway.commands', routingKey: 'q', envelope: saying(text) })),
      ),
    );
  const left = (): Promise<Record<string, unknown>[]> =>
    db.dataSource.query(
      'select tries, last_error, next_try_at > now() as waits from coordinator.outbox order by id',
    );

  it('sends what was committed, in its order, and forgets it', async () => {
    await add('a', 'b');
    await add('c');
    start();
    await expect.poll(() => broker.texts).toEqual(['a', 'b', 'c']);
    await expect.poll(left).toEqual([]);
    expect(broker.got[0]).toMatchObject({ exchange: 'podway.commands', routingKey: 'q' });
  });

  it('sends nothing of a transaction that was rolled back', async () => {
    const undone = db.dataSource.transaction(async (manager) => {
      const message = { exchange: 'podway.commands', routingKey: 'q', envelope: saying('undone') } as const;
      await addToOutbox(manager, 'coordinator', [message]);
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    await add('done');
    start();
    await expect.poll(() => broker.texts).toEqual(['done']);
  });

  it('is woken at once, and needs no waking', async () => {
    const relay = start();
    await add('woken');
    relay.wake();
    await expect.poll(() => broker.texts).toEqual(['woken']);
    await add('found');
    await expect.poll(() => broker.texts, { timeout: 5_000 }).toEqual(['woken', 'found']);
  });

  it('is held up by no message that cannot be sent', async () => {
    broker.refuse = (text) => {
      if (text === 'lost') throw new UnroutableMessageError('podway.commands', 'q', 'x');
    };
    await add('a', 'lost', 'b');
    start();
    await expect.poll(() => broker.texts).toEqual(['a', 'b']);
    await expect
      .poll(left)
      .toMatchObject([
        { tries: 1, waits: true, last_error: expect.stringContaining('Unroutable') as string },
      ]);
    expect(trouble).toHaveLength(1);
    // When there is a queue for it again, and its time has come.
    broker.refuse = () => undefined;
    await db.dataSource.query('update coordinator.outbox set next_try_at = now()');
    await expect.poll(() => broker.texts, { timeout: 5_000 }).toEqual(['a', 'b', 'lost']);
  });

  it('sends again, with the same id, what it could not forget', async () => {
    await add('twice');
    const [row] = await db.dataSource.query('select envelope from coordinator.outbox');
    // The connection ends between the broker's word and the commit.
    broker.refuse = async () => {
      broker.refuse = () => undefined;
      await db.dataSource.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'`,
      );
    };
    start(await db.another());
    await expect.poll(() => broker.texts, { timeout: 5_000 }).toEqual(['twice', 'twice']);
    await expect.poll(left).toEqual([]);
    expect(trouble).toHaveLength(1);
    expect(new Set(broker.got.map(({ envelope }) => envelope.id))).toEqual(
      new Set([(row as { envelope: { id: string } }).envelope.id]),
    );
  });

  it('shares the work with others without sending anything twice', async () => {
    const texts = Array.from({ length: 500 }, (_, index) => `${index}`);
    await add(...texts);
    start();
    start(await db.another());
    await expect.poll(() => broker.got.length, { timeout: 10_000 }).toBe(500);
    await expect.poll(left).toEqual([]);
    expect(broker.texts.toSorted()).toEqual(texts.toSorted());
  });

  it('leaves the rows of other owners alone', async () => {
    await db.dataSource.transaction((manager) =>
      addToOutbox(manager, 'ingress', [
        { exchange: 'podway.outcomes', routingKey: 'q', envelope: saying('x') },
      ]),
    );
    await add('own');
    start();
    await expect.poll(() => broker.texts).toEqual(['own']);
    expect(await db.dataSource.query('select count(*)::int as n from ingress.outbox')).toEqual([{ n: 1 }]);
  });

  it('stops after the pass under way', async () => {
    let release = (): void => undefined;
    const entered = new Promise<void>((inside) => {
      broker.refuse = () =>
        new Promise((resolve) => {
          release = resolve;
          inside();
        });
    });
    await add('slow');
    const relay = start();
    await entered;
    const stopped = relay.stop();
    release();
    await stopped;
    expect(broker.texts).toEqual(['slow']);
    expect(await left()).toEqual([]);
  });
});
