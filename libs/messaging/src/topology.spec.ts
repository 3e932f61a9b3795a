import { allMessages, TakeSnapshot, messageOf } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { published, routed } from './routing.js';
import { snapshotTaken, takeSnapshot } from './testing/messages.js';
import { defaultRetryPolicy, outcomesQueue, podwayTopology, queueOf, retryDelayMs } from './topology.js';

describe('podwayTopology', () => {
  it('has a queue for every declared command, one for updates of clients, and one for outcomes', () => {
    const names = podwayTopology().queues.map(({ name }) => name);
    const commands = allMessages().filter(({ kind }) => kind === 'command');
    expect(names).toHaveLength(commands.length + 2);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('podway.installer-agent.install-update');
    expect(names.at(-1)).toBe(outcomesQueue);
    for (const name of names) expect(name).toMatch(/^podway\.[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
  });

  it('routes every command to its queue and every event to the coordinator', () => {
    expect(routed(takeSnapshot())).toMatchObject({
      exchange: 'podway.commands',
      routingKey: queueOf(messageOf(TakeSnapshot)),
    });
    expect(routed(snapshotTaken())).toMatchObject({ exchange: 'podway.outcomes', routingKey: outcomesQueue });
  });

  it('publishes under client, POD, entity and event', () => {
    expect(published(snapshotTaken())).toMatchObject({
      exchange: 'podway.events',
      routingKey: 'acme.shop.snapshot.taken',
    });
    const early = Object.assign(snapshotTaken(), { subject: undefined });
    expect(published(early).routingKey).toBe('_._.snapshot.taken');
  });

  it('waits longer with every try', () => {
    const delays = [1, 2, 3, 4, 5, 9].map((tries) => retryDelayMs(defaultRetryPolicy, tries));
    expect(delays).toEqual([1_000, 5_000, 30_000, 120_000, 120_000, 120_000]);
  });
});
