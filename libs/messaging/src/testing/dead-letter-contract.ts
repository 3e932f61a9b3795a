import { describe, expect, it, vi } from 'vitest';
import { contractBench } from './contract-bench.js';
import { ack, contractTopology, gate, numbered, numberIn, type BrokerHarness } from './contract-harness.js';

export function deadLetterContract(open: () => Promise<BrokerHarness>): void {
  describe('retries and dead letters', () => {
    const { harness, broker: openBroker, freshQueue } = contractBench(open);
    const { maxTries, delaysMs, deliveryLimit } = contractTopology.retry;

    it('tries again after growing delays, then gives up', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const tries: number[] = [];
      const at: number[] = [];
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        tries.push(delivery.tries);
        at.push(performance.now());
        return { kind: 'retry', reason: `try ${delivery.tries} failed` };
      });
      const sent = numbered(5, { routingKey: queue });
      await broker.publish(sent);
      const letters = broker.deadLetters(queue);
      await vi.waitFor(async () => expect(await letters.count()).toBe(1), { timeout: 20_000 });
      expect(tries).toEqual([1, 2, 3, 4]);
      const [letter] = await letters.list(10);
      expect(letter).toMatchObject({
        messageId: sent.envelope.id,
        queue,
        code: 'MESSAGE.TRIES_EXHAUSTED',
        reason: 'try 4 failed',
        tries: maxTries,
      });
      expect(Date.parse(letter?.diedAt ?? '')).toBeGreaterThan(Date.parse(sent.envelope.time) - 1);
      expect(JSON.parse(Buffer.from(letter?.body ?? []).toString())).toEqual(
        JSON.parse(JSON.stringify(sent.envelope)),
      );
      const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
      // Never early; how late depends on the machine. The clocks of two processes differ by a little.
      for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThan((delaysMs[index] ?? 0) - 10);
    });

    it('takes a handler that throws for a failed try', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const tries: number[] = [];
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        tries.push(delivery.tries);
        if (delivery.tries < 3) throw new Error('not yet');
        return ack;
      });
      await broker.publish(numbered(1, { routingKey: queue }));
      await vi.waitFor(() => expect(tries).toEqual([1, 2, 3]), { timeout: 10_000 });
      expect(await broker.deadLetters(queue).count()).toBe(0);
    });

    it('moves on past 200 messages that always fail', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const poison = new Map<number, number>();
      const good: number[] = [];
      await broker.consume(queue, { prefetch: 5 }, async (delivery) => {
        const n = numberIn(delivery);
        if (n >= 1_000) {
          good.push(n);
          return ack;
        }
        poison.set(n, (poison.get(n) ?? 0) + 1);
        return { kind: 'retry', reason: 'poison' };
      });
      const numbers = Array.from({ length: 200 }, (_, n) => n);
      await Promise.all(numbers.map((n) => broker.publish(numbered(n, { routingKey: queue }))));
      for (let n = 1_000; n < 1_010; n += 1) await broker.publish(numbered(n, { routingKey: queue }));
      await vi.waitFor(() => expect(good).toHaveLength(10), { timeout: 20_000 });
      const letters = broker.deadLetters(queue);
      await vi.waitFor(async () => expect(await letters.count()).toBe(200), {
        timeout: 25_000,
        interval: 200,
      });
      expect([...poison.values()].every((tries) => tries <= maxTries)).toBe(true);
      expect(poison.size).toBe(200);
    }, 60_000);

    it('lists without taking, and replays once, as a first try', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      const refuse = await broker.consume(queue, { prefetch: 1 }, async () => ({
        kind: 'dead-letter',
        code: 'INPUT.INVALID',
        reason: 'wrong form',
      }));
      for (let n = 0; n < 6; n += 1) await broker.publish(numbered(n, { routingKey: queue }));
      const letters = broker.deadLetters(queue);
      await vi.waitFor(async () => expect(await letters.count()).toBe(6), { timeout: 10_000 });
      await refuse.close();
      const [looked, again] = [await letters.list(4), await letters.list(100)];
      expect(looked.map(numberIn)).toEqual([0, 1, 2, 3]);
      expect(again.map(numberIn)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(looked[0]).toMatchObject({ code: 'INPUT.INVALID', reason: 'wrong form', tries: 1, queue });
      expect(await letters.replay(2)).toBe(2);
      expect(await letters.replay()).toBe(4);
      expect(await letters.replay()).toBe(0);
      expect(await letters.count()).toBe(0);
      const seen: number[][] = [];
      await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
        seen.push([numberIn(delivery), delivery.tries]);
        return ack;
      });
      await vi.waitFor(() => expect(seen).toEqual([0, 1, 2, 3, 4, 5].map((n) => [n, 1])), {
        timeout: 10_000,
      });
    });

    it('does not replay for ever what dies again at once', async () => {
      const broker = await openBroker();
      const queue = freshQueue();
      let deliveries = 0;
      await broker.consume(queue, { prefetch: 5 }, async () => {
        deliveries += 1;
        return { kind: 'dead-letter', code: 'INPUT.INVALID', reason: 'still wrong' };
      });
      for (let n = 0; n < 10; n += 1) await broker.publish(numbered(n, { routingKey: queue }));
      const letters = broker.deadLetters(queue);
      await vi.waitFor(async () => expect(await letters.count()).toBe(10), { timeout: 10_000 });
      expect(await letters.replay()).toBe(10);
      await vi.waitFor(async () => expect(await letters.count()).toBe(10), { timeout: 10_000 });
      expect(deliveries).toBe(20);
    });

    it('looks over all queues when none is named', async () => {
      const broker = await openBroker();
      const queues = [freshQueue(), freshQueue()];
      for (const queue of queues) {
        await broker.consume(queue, { prefetch: 1 }, async () => ({
          kind: 'dead-letter',
          code: 'INPUT.INVALID',
          reason: queue,
        }));
        await broker.publish(numbered(1, { routingKey: queue }));
        await vi.waitFor(async () => expect(await broker.deadLetters(queue).count()).toBe(1), {
          timeout: 10_000,
        });
      }
      const found = (await broker.deadLetters().list(1_000)).map(({ queue }) => queue);
      expect(found).toEqual(expect.arrayContaining(queues));
    });

    it('gives up a message whose consumers die again and again', async () => {
      const queue = freshQueue();
      const watcher = await openBroker();
      await watcher.publish(numbered(3, { routingKey: queue }));
      const letters = watcher.deadLetters(queue);
      const { opened, open: release } = gate();
      let deaths = 0;
      for (; (await letters.count()) === 0 && deaths < 10; deaths += 1) {
        const doomed = await openBroker();
        const { opened: taken, open: took } = gate();
        await doomed.consume(queue, { prefetch: 1 }, async () => {
          took();
          await opened;
          return ack;
        });
        const died = vi.waitFor(async () => expect(await letters.count()).toBe(1), { timeout: 20_000 });
        await Promise.race([taken, died]);
        await harness().crash(doomed);
        died.catch(() => undefined);
      }
      release();
      await vi.waitFor(async () => expect(await letters.count()).toBe(1), { timeout: 20_000 });
      expect(deaths).toBeGreaterThanOrEqual(deliveryLimit);
      expect(await letters.list(1)).toMatchObject([{ code: 'MESSAGE.DELIVERY_LIMIT', queue }]);
    }, 60_000);
  });
}
