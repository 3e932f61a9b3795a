import { expect, it } from 'vitest';
import type { OperationsView, WorkerView } from '@podway/contracts';
import { statsOf } from './operations-stats.js';
import { workerShown } from './worker-table.js';

const at = '2030-01-01T00:00:00.000Z';
const worker = (rest: Partial<WorkerView> = {}): WorkerView => ({
  ...{ id: '01JZZZZZZZZZZZZZZZZZZZZZZZ', service: 'installer-agent', host: 'a', startedAt: at, seenAt: at },
  ...{ running: 0, capacity: 8, sshSessions: 0 },
  ...rest,
});
const view = (rest: Partial<OperationsView> = {}): OperationsView => ({
  ...{ at, windowMs: 86_400_000, stages: [], queues: [], deadLetters: 0, outboxes: [] },
  ...{ waiting: { updates: 0, pods: 0, oldestMs: 0 }, workers: [worker()], gateways: 1 },
  ...rest,
});
const told = (seen: OperationsView): Record<string, string> =>
  Object.fromEntries(
    statsOf(seen).map(({ name, value, below, tone }) => [name, `${String(value)}, ${below}, ${tone}`]),
  );

it('is calm when nothing is to be done', () => {
  expect(told(view())).toEqual({
    Running: '0, no update: all PODs are at rest, quiet',
    Waiting: '0, no update, quiet',
    'Steps at work': '0 of 8, 0 workers busy, 1 idle, quiet',
    'SSH sessions': '0, commands that run on servers, quiet',
    Messages: '0, wait in queues; 0 not sent yet, quiet',
    'Dead letters': '0, every message was handled, good',
    Gateways: '1, route accesses, quiet',
  });
});

it('sums up what goes on; what waits for its POD does not run', () => {
  const seen = told(
    view({
      stages: [
        { stage: 'Queued', now: 5, oldestMs: 900_000, left: 0 },
        { stage: 'Installing', now: 2, oldestMs: 62_000, left: 3 },
        { stage: 'Verifying', now: 0, left: 3 },
      ],
      waiting: { updates: 5, pods: 1, oldestMs: 900_000 },
      workers: [worker({ running: 2, sshSessions: 3 }), worker({ sshSessions: 1 })],
      queues: [
        { queue: 'a', waiting: 2 },
        { queue: 'b', waiting: 5 },
      ],
      outboxes: [{ outbox: 'ingress', count: 1, oldestMs: 1 }],
    }),
  );
  expect(seen).toMatchObject({
    Running: '2, updates, the longest 1 min 2 s in its stage, busy',
    Waiting: '5, updates for 1 POD, the oldest 15 min 0 s, quiet',
    'Steps at work': '2 of 16, 1 worker busy, 1 idle, busy',
    'SSH sessions': '4, commands that run on servers, quiet',
    Messages: '7, wait in queues; 1 not sent yet, quiet',
  });
});

it('points at what is wrong', () => {
  const { queues, deadLetters, ...silent } = view({ workers: [], gateways: 0 });
  expect([queues, deadLetters]).toEqual([[], 0]);
  expect(told(silent)).toMatchObject({
    'Steps at work': '0, no worker lives, bad',
    Messages: '?, the broker does not answer; 0 not sent yet, bad',
    'Dead letters': '?, look, mend the cause, replay, bad',
    Gateways: '0, nobody routes accesses, bad',
  });
  expect(told(view({ workers: [worker({ running: 8 })] }))['Steps at work']).toMatch(/, warn$/);
});

it.each([
  [{}, 0, 'Idle'],
  [{ running: 1 }, 0, 'Busy'],
  [{ running: 8 }, 0, 'Full'],
  [{ running: 1 }, 16_000, 'Silent'],
])('a worker with %o, %i ms after its last sign: %s', (rest, laterMs, word) => {
  expect(workerShown(worker(rest), Date.parse(at) + laterMs).word).toBe(word);
});
