import { describe, expect, it, vi } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { contractBench } from './contract-bench.js';
import { ack, numbered, numberIn, type BrokerHarness } from './contract-harness.js';

export function recoveryContract(open: () => Promise<BrokerHarness>): void {
  describe('when the server goes away', () => {
    const { harness, broker: openBroker, freshQueue } = contractBench(open);

    it('has safe what it confirmed', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const numbers = Array.from({ length: 50 }, (_, n) => n);
      await Promise.all(numbers.map((n) => broker.publish(numbered(n, { routingKey: queue }))));
      await harness().kill();
      await harness().start();
      const seen = new Set<number>();
      await broker.consume(queue, { prefetch: 10 }, async (delivery) => {
        seen.add(numberIn(delivery));
        return ack;
      });
      await vi.waitFor(() => expect([...seen].sort((a, b) => a - b)).toEqual(numbers), { timeout: 30_000 });
    }, 90_000);

    it('waits with a publish until it is back', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const seen: number[] = [];
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        seen.push(numberIn(delivery));
        return ack;
      });
      await harness().kill();
      const publishing = broker.publish(numbered(4, { routingKey: queue }));
      try {
        await vi.waitFor(() => expect(broker.ready()).toBe(false), { timeout: 30_000 });
      } finally {
        await harness().start();
      }
      await publishing;
      await vi.waitFor(() => expect(seen).toContain(4), { timeout: 30_000 });
      await vi.waitFor(() => expect(broker.ready()).toBe(true), { timeout: 30_000 });
    }, 90_000);

    it('tells in time that a message is not confirmed', async () => {
      const broker = await openBroker({ publishTimeoutMs: 200 });
      const queue = freshQueue();
      await harness().kill();
      try {
        const publishing = broker.publish(numbered(4, { routingKey: queue }));
        await expect(publishing).rejects.toMatchObject({ code: 'MESSAGE.NOT_CONFIRMED', retryable: true });
      } finally {
        await harness().start();
      }
    }, 90_000);

    it('loses nothing in mid-traffic', async () => {
      const publisher = await openBroker();
      const consumer = await openBroker();
      const queue = freshQueue();
      const seen = new Set<number>();
      const failedOnce = new Set<number>();
      await consumer.consume(queue, { prefetch: 4 }, async (delivery) => {
        const n = numberIn(delivery);
        await sleep(1);
        if (n % 10 === 0 && !failedOnce.has(n)) {
          failedOnce.add(n);
          return { kind: 'retry', reason: 'once' };
        }
        seen.add(n);
        return ack;
      });
      const numbers = Array.from({ length: 400 }, (_, n) => n);
      const publishing = (async () => {
        for (const n of numbers) await publisher.publish(numbered(n, { routingKey: queue }));
      })();
      await vi.waitFor(() => expect(seen.size).toBeGreaterThan(60), { timeout: 20_000, interval: 5 });
      await harness().kill();
      const seenBefore = seen.size;
      await harness().start();
      expect(seenBefore).toBeLessThan(numbers.length);
      await publishing;
      await vi.waitFor(() => expect([...seen].sort((a, b) => a - b)).toEqual(numbers), { timeout: 60_000 });
    }, 120_000);
  });
}
