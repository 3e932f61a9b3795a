import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { RecordingBroker, saying, textOf } from '../../test/messages.js';
import type { Database } from '../data-source.js';
import { EventFeed } from './event-feed.js';
import { appendEvents, EventNumbering, EventPublisher } from './event-log.js';
import type { Relay } from './relay.js';

/** One writer's transaction: how many events, how long it stays open, and whether it is rolled back. */
interface Writing {
  texts: string[];
  openMs: number;
  undone: boolean;
}

describe('the public event log', () => {
  const db = useDatabase();
  let relays: Relay[];
  let trouble: unknown[];
  let feed: EventFeed;
  beforeEach(() => {
    relays = [];
    trouble = [];
    feed = new EventFeed(db.dataSource, db.url);
  });
  afterEach(() => Promise.all(relays.map((relay) => relay.stop())));

  function started(relay: Relay): Relay {
    relays.push(relay);
    relay.start();
    return relay;
  }
  const numbering = (dataSource: Database = db.dataSource): Relay =>
    started(
      new EventNumbering(
        dataSource,
        () => undefined,
        (error) => trouble.push(error),
      ),
    );
  const publishing = (broker: RecordingBroker, dataSource: Database = db.dataSource): Relay =>
    started(new EventPublisher(dataSource, broker.port, (error) => trouble.push(error)));

  /** Writes as the coordinator does: in a transaction that does other things besides. */
  async function write({ texts, openMs, undone }: Writing, wake: () => void): Promise<string[]> {
    const done = await db.dataSource
      .transaction(async (manager) => {
        for (const text of texts) {
          await appendEvents(manager, [saying(text)], { client: 'acme', pod: 'shop' });
          await sleep(openMs);
        }
        if (undone) throw new Error('undone');
        return texts;
      })
      .catch((): string[] => []);
    wake();
    return done;
  }

  /** A reader that has no other memory than the highest sequence that it has seen. */
  async function readOn(seen: { sequence: number; text: string }[], after: number): Promise<void> {
    const last = seen.at(-1)?.sequence ?? after;
    for (const event of await feed.after(last, {}, 3)) {
      seen.push({ sequence: Number(event.sequence), text: textOf(event) });
    }
  }

  const writing = fc.record({
    count: fc.integer({ min: 1, max: 3 }),
    openMs: fc.integer({ min: 0, max: 12 }),
    undone: fc.boolean(),
  });

  it('is numbered without a gap, never back, and no reader misses anything, however writers interleave', async () => {
    const relay = numbering();
    const other = numbering(await db.another());
    const wake = (): void => (relay.wake(), other.wake());
    await fc.assert(
      fc.asyncProperty(fc.array(writing, { minLength: 5, maxLength: 40 }), async (plan) => {
        const before = await feed.last();
        const writers = plan.map(({ count, ...rest }, index) => ({
          ...rest,
          texts: Array.from({ length: count }, (_, part) => `${index}.${part}`),
        }));
        const seen: { sequence: number; text: string }[] = [];
        let over = false;
        const reading = (async () => {
          while (!over) await readOn(seen, before);
        })();
        const committed = (await Promise.all(writers.map((one) => write(one, wake)))).flat();
        await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(committed.length);
        over = true;
        await reading;
        expect(seen.map(({ sequence }) => sequence)).toEqual(committed.map((_, index) => before + index + 1));
        expect(seen.map(({ text }) => text).toSorted()).toEqual(committed.toSorted());
        for (const { texts } of writers) {
          const own = seen.map(({ text }) => text).filter((text) => texts.includes(text));
          expect(own).toEqual(own.toSorted());
        }
      }),
      { numRuns: 8 },
    );
    expect(trouble).toEqual([]);
  });

  it('keeps the order of events that are appended together', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => `${index}`);
    await db.dataSource.transaction((manager) =>
      appendEvents(manager, texts.map(saying), { client: 'acme', pod: 'shop' }),
    );
    await db.dataSource.transaction((manager) => appendEvents(manager, [], { client: 'acme' }));
    numbering();
    await expect.poll(() => feed.last()).toBe(30);
    expect((await feed.after(0, {})).map(textOf)).toEqual(texts);
  });

  it('numbers what was committed while nobody numbered, more than one batch of it', async () => {
    const texts = Array.from({ length: 450 }, (_, index) => `${index}`);
    await write({ texts, openMs: 0, undone: false }, () => undefined);
    expect(await feed.last()).toBe(0);
    numbering();
    await expect.poll(() => feed.last(), { timeout: 10_000 }).toBe(450);
    const all = await feed.after(0, {}, 1_000);
    expect(all.map(textOf)).toEqual(texts);
  });

  it('a long transaction comes after what was committed before it', async () => {
    const relay = numbering();
    const wake = (): void => relay.wake();
    const late = db.dataSource.transaction(async (manager) => {
      await appendEvents(manager, [saying('begun first')], { client: 'acme' });
      await write({ texts: ['committed first'], openMs: 0, undone: false }, wake);
      await expect.poll(() => feed.last()).toBe(1);
    });
    await late;
    wake();
    await expect
      .poll(async () => (await feed.after(0, {})).map(textOf))
      .toEqual(['committed first', 'begun first']);
  });

  it('tells who listens that there may be more', async () => {
    feed.start();
    try {
      let looks = 0;
      feed.onMore(() => (looks += 1));
      await expect.poll(() => looks).toBeGreaterThan(0);
      const before = looks;
      numbering();
      await write({ texts: ['news'], openMs: 0, undone: false }, () => undefined);
      await expect.poll(() => looks).toBeGreaterThan(before);
    } finally {
      await feed.close();
    }
  });

  it('is read by client, POD, deployment and type', async () => {
    await db.dataSource.transaction(async (manager) => {
      await appendEvents(manager, [saying('a')], { client: 'acme', pod: 'shop' });
      await appendEvents(manager, [saying('b')], { client: 'acme', pod: 'blog' });
      await appendEvents(manager, [saying('c')], { client: 'other', pod: 'wiki' });
    });
    numbering();
    await expect.poll(() => feed.last()).toBe(3);
    const texts = async (filter: object): Promise<string[]> => (await feed.after(0, filter)).map(textOf);
    expect(await texts({ client: 'acme' })).toEqual(['a', 'b']);
    expect(await texts({ pod: 'wiki' })).toEqual(['c']);
    expect(await texts({ client: 'acme', pod: 'wiki' })).toEqual([]);
    expect(await texts({ deploymentId: '01JX4E7Q2M8V3K5N6P9R0S1T2W' })).toHaveLength(3);
    expect(await texts({ types: ['io.podway.step.progressed.v1'] })).toHaveLength(3);
    expect(await texts({ types: ['io.podway.snapshot.taken.v1'] })).toEqual([]);
    expect(await feed.oldest()).toBe(1);
  });

  describe('published', () => {
    const texts = Array.from({ length: 60 }, (_, index) => `${index}`);
    beforeEach(() => write({ texts, openMs: 0, undone: false }, () => undefined));
    const sequences = (broker: RecordingBroker): number[] =>
      broker.got.map(({ envelope }) => Number(envelope.sequence));
    const inOrder = texts.map((_, index) => index + 1);

    it('goes out in its order, by client and POD, only when it is numbered', async () => {
      const broker = new RecordingBroker();
      publishing(broker).wake();
      await sleep(50);
      expect(broker.got).toEqual([]);
      numbering();
      await expect.poll(() => broker.got.length, { timeout: 5_000 }).toBe(60);
      expect(sequences(broker)).toEqual(inOrder);
      expect(broker.texts).toEqual(texts);
      expect(broker.got[0]).toMatchObject({
        exchange: 'podway.events',
        routingKey: 'acme.shop.step.progressed',
      });
    });

    it('keeps its order with several publishers and a slow broker', async () => {
      const broker = new RecordingBroker();
      broker.refuse = () => sleep(Math.random() * 4);
      numbering();
      publishing(broker);
      publishing(broker, await db.another());
      await expect.poll(() => broker.got.length, { timeout: 10_000 }).toBe(60);
      expect(sequences(broker)).toEqual(inOrder);
    });

    it('waits behind one that the broker does not take, and then goes on there', async () => {
      const broker = new RecordingBroker();
      let refusals = 0;
      broker.refuse = (text) => {
        if (text === '30' && refusals++ < 2) throw new Error('the broker is away');
      };
      numbering();
      const relay = publishing(broker);
      await expect.poll(() => broker.got.length, { timeout: 5_000 }).toBe(30);
      await expect.poll(() => (relay.wake(), broker.got.length), { timeout: 10_000, interval: 100 }).toBe(60);
      expect(sequences(broker)).toEqual(inOrder);
      expect(trouble).toHaveLength(2);
    });
  });
});
