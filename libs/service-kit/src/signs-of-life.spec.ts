import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WorkerLoad } from '@podway/persistence';
import { unwatched } from '@podway/telemetry';
import { SignsOfLife } from './signs-of-life.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const logger = pino({ level: 'silent' });

it('tells what the worker has to do until it leaves, whatever the database does', async () => {
  const { metrics } = unwatched('replicator');
  const told: WorkerLoad[] = [];
  const left: string[] = [];
  let away = false;
  const workers = {
    beat: async (_: object, load: WorkerLoad) => {
      if (away) throw new Error('the database is away');
      told.push(load);
    },
    leave: async (id: string) => void left.push(id),
  };
  const signs = new SignsOfLife('replicator', workers, metrics, 4, logger);
  signs.start();
  await vi.advanceTimersByTimeAsync(0);
  metrics.add('podway_steps_running', { step: 'Replicating' }, 2);
  metrics.add('podway_host_sessions_open', { transport: 'ssh' }, 9);
  metrics.add('podway_host_sessions_open', { transport: 'local' }, 1);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(told).toEqual([
    { running: 0, capacity: 4, sshSessions: 0 },
    { running: 2, capacity: 4, sshSessions: 9 },
  ]);
  away = true;
  await vi.advanceTimersByTimeAsync(6_000);
  away = false;
  await vi.advanceTimersByTimeAsync(3_000);
  expect(told).toHaveLength(3);
  await signs.stop();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(told).toHaveLength(3);
  expect(left).toHaveLength(1);
});

it('neither asks a database again that has not answered, nor waits for it', async () => {
  let asked = 0;
  const workers = {
    beat: () => {
      asked += 1;
      return new Promise<void>(() => undefined);
    },
    leave: () => Promise.resolve(),
  };
  const signs = new SignsOfLife('verifier', workers, unwatched().metrics, 4, logger);
  signs.start();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(asked).toBe(1);
  // Nor does it hold up the end. Node's own timers are not those that are faked here.
  vi.useRealTimers();
  await signs.stop();
});
