import { describe, expect, it, vi } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMessage } from '@podway/contracts';
import { exchanges } from '../topology.js';
import { contractBench } from './contract-bench.js';
import { ack, gate, numbered, numberIn, topicQueue, type BrokerHarness } from './contract-harness.js';

export function deliveryContract(open: () => Promise<BrokerHarness>): void {
  describe('delivery', () => {
    const { harness, broker: openBroker, freshQueue } = contractBench(open);

    it('delivers what was published, as it was, and after the ack never again', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const sent = numbered(1, { routingKey: queue });
      const seen: unknown[] = [];
      const first = await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        seen.push(parseMessage(delivery.body).envelope, delivery.queue, delivery.tries);
        return ack;
      });
      await broker.publish(sent);
      await vi.waitFor(() => expect(seen).toEqual([sent.envelope, queue, 1]), { timeout: 10_000 });
      await first.close();
      const later: number[] = [];
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        later.push(numberIn(delivery));
        return ack;
      });
      await broker.publish(numbered(2, { routingKey: queue }));
      await vi.waitFor(() => expect(later).toEqual([2]), { timeout: 10_000 });
    });

    it('keeps the order of one publisher', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const seen: number[] = [];
      const numbers = Array.from({ length: 200 }, (_, n) => n);
      for (const n of numbers) await broker.publish(numbered(n, { routingKey: queue }));
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        seen.push(numberIn(delivery));
        return ack;
      });
      await vi.waitFor(() => expect(seen).toEqual(numbers), { timeout: 20_000 });
    });

    it('tells what waits on each queue, apart from what is in hand', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const waiting = async (): Promise<number | undefined> =>
        (await broker.backlog()).find((one) => one.queue === queue)?.waiting;
      expect(await waiting()).toBe(0);
      for (let n = 0; n < 3; n += 1) await broker.publish(numbered(n, { routingKey: queue }));
      await vi.waitFor(async () => expect(await waiting()).toBe(3), { timeout: 10_000 });
      const { opened, open: finish } = gate();
      await broker.consume(queue, { prefetch: 1 }, async () => {
        await opened;
        return ack;
      });
      await vi.waitFor(async () => expect(await waiting()).toBe(2), { timeout: 10_000 });
      finish();
      await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 10_000 });
    });

    it('refuses a message that no queue takes', async () => {
      const broker = await openBroker();
      const lost = numbered(1, { routingKey: 'podway.nowhere' });
      await expect(broker.publish(lost)).rejects.toMatchObject({
        code: 'MESSAGE.UNROUTABLE',
        retryable: false,
      });
      const queue = freshQueue();
      await expect(broker.publish(numbered(2, { routingKey: queue }))).resolves.toBeUndefined();
    });

    it('tells the unroutable ones from the others among many at once', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const keys = Array.from({ length: 100 }, (_, n) => (n % 3 === 0 ? 'podway.nowhere' : queue));
      const results = await Promise.allSettled(
        keys.map((routingKey, n) => broker.publish(numbered(n, { routingKey }))),
      );
      expect(results.map(({ status }) => status)).toEqual(
        keys.map((key) => (key === queue ? 'fulfilled' : 'rejected')),
      );
    });

    it('publishes to the topic exchange whether or not anyone is bound, and by pattern', async () => {
      const broker = await openBroker();
      const seen: number[] = [];
      await broker.consume(topicQueue, { prefetch: 1 }, async (delivery) => {
        seen.push(numberIn(delivery));
        return ack;
      });
      const keys = [
        'other.shop.snapshot.taken',
        'acme.snapshot.taken',
        'acme.shop.snapshot.taken',
        'acme.b.snapshot',
      ];
      for (const [n, routingKey] of keys.entries()) {
        await broker.publish(numbered(n, { exchange: exchanges.events, routingKey }));
      }
      await vi.waitFor(() => expect(seen).toEqual([2, 3]), { timeout: 10_000 });
    });

    it('refuses to consume what was never declared', async () => {
      const broker = await openBroker();
      const consuming = broker.consume('podway.nowhere', { prefetch: 1 }, async () => ack);
      await expect(consuming).rejects.toMatchObject({ code: 'BROKER.UNKNOWN_QUEUE' });
    });

    it('runs as many handlers at once as the prefetch says', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      for (let n = 0; n < 9; n += 1) await broker.publish(numbered(n, { routingKey: queue }));
      const { opened, open: release } = gate();
      let running = 0;
      let most = 0;
      let ended = 0;
      await broker.consume(queue, { prefetch: 3 }, async () => {
        running += 1;
        most = Math.max(most, running);
        await opened;
        running -= 1;
        ended += 1;
        return ack;
      });
      await vi.waitFor(() => expect(running).toBe(3), { timeout: 10_000 });
      await sleep(150);
      release();
      await vi.waitFor(() => expect(ended).toBe(9), { timeout: 10_000 });
      expect(most).toBe(3);
    });

    it('shares a queue between consumers, each message once', async () => {
      const queue = freshQueue();
      const seen: number[][] = [[], []];
      for (const mine of seen) {
        const broker = await openBroker();
        await broker.consume(queue, { prefetch: 2 }, async (delivery) => {
          mine.push(numberIn(delivery));
          await sleep(2);
          return ack;
        });
      }
      const publisher = await openBroker();
      const numbers = Array.from({ length: 60 }, (_, n) => n);
      await Promise.all(numbers.map((n) => publisher.publish(numbered(n, { routingKey: queue }))));
      const all = (): number[] => seen.flat().sort((a, b) => a - b);
      await vi.waitFor(() => expect(all()).toEqual(numbers), { timeout: 10_000 });
      expect(seen.every((mine) => mine.length > 0)).toBe(true);
    });

    it('waits for running handlers at close and leaves the rest to others', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      for (let n = 0; n < 5; n += 1) await broker.publish(numbered(n, { routingKey: queue }));
      const { opened, open: release } = gate();
      const ended: number[] = [];
      const started: number[] = [];
      const subscription = await broker.consume(queue, { prefetch: 2 }, async (delivery) => {
        started.push(numberIn(delivery));
        await opened;
        ended.push(numberIn(delivery));
        return ack;
      });
      await vi.waitFor(() => expect(started).toEqual([0, 1]), { timeout: 10_000 });
      const closing = subscription.close().then(() => [...ended]);
      await sleep(50);
      release();
      expect((await closing).sort()).toEqual([0, 1]);
      const rest: number[] = [];
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        rest.push(numberIn(delivery));
        return ack;
      });
      await vi.waitFor(() => expect(rest.sort()).toEqual([2, 3, 4]), { timeout: 10_000 });
      expect(started).toEqual([0, 1]);
    });

    it('gives up waiting at close when told so; the message goes to another', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const { opened, open: release } = gate();
      const started: number[] = [];
      const subscription = await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        started.push(numberIn(delivery));
        await opened;
        return ack;
      });
      await broker.publish(numbered(7, { routingKey: queue }));
      await vi.waitFor(() => expect(started).toEqual([7]), { timeout: 10_000 });
      await subscription.close({ timeoutMs: 20 });
      const again: number[] = [];
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        again.push(numberIn(delivery));
        return ack;
      });
      await vi.waitFor(() => expect(again).toEqual([7]), { timeout: 10_000 });
      release();
    });

    it('delivers again, to another process, what a dead one had in hand', async () => {
      const doomed = await openBroker();
      const queue = freshQueue();
      const { opened, open: release } = gate();
      const taken: number[] = [];
      await doomed.consume(queue, { prefetch: 3 }, async (delivery) => {
        taken.push(numberIn(delivery));
        await opened;
        return ack;
      });
      for (let n = 0; n < 3; n += 1) await doomed.publish(numbered(n, { routingKey: queue }));
      await vi.waitFor(() => expect(taken).toHaveLength(3), { timeout: 10_000 });
      const heir = await openBroker();
      const seen: [number, number][] = [];
      await heir.consume(queue, { prefetch: 3 }, async (delivery) => {
        seen.push([numberIn(delivery), delivery.tries]);
        return ack;
      });
      await harness().crash(doomed);
      const inOrder = [0, 1, 2].map((n) => [n, 1]);
      await vi.waitFor(() => expect(seen.sort()).toEqual(inOrder), { timeout: 20_000 });
      release();
    });
  });
}
