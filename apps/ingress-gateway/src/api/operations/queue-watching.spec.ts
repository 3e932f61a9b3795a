import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { envelop, StepProgressed, type OperationsView, type QueueBacklogView } from '@podway/contracts';
import { exchanges } from '@podway/messaging';
import { startClientScene, type ClientScene } from '../../../test/client-scene.js';

const queue = 'podway.pod-resolver.resolve-pod';
let scene: ClientScene;

beforeAll(async () => {
  scene = await startClientScene();
});
afterAll(() => scene?.close());

async function seen(): Promise<QueueBacklogView | undefined> {
  const answer = await scene.api('GET', '/v1/operations');
  expect(answer.status).toBe(200);
  return ((await answer.json()) as OperationsView).queues?.find((one) => one.queue === queue);
}

/** Puts a message into the queue, which nobody consumes yet. */
async function put(): Promise<void> {
  const payload = Object.assign(new StepProgressed(), {
    ...{ deploymentId: '01JZZZZZZZZZZZZZZZZZZZZZZZ', step: 'Resolving', attempt: 1, message: 'waits' },
  });
  const envelope = envelop(payload, { source: 'test' });
  await scene.broker.publish({ exchange: exchanges.commands, routingKey: queue, envelope });
}

it('tells how long messages wait on the queues of RabbitMQ, until the last is taken', async () => {
  await vi.waitFor(async () => {
    expect(await scene.gateway.dataSource.query('select from ingress.queues_seen')).toHaveLength(1);
  });
  expect(await seen()).toEqual({ queue, waiting: 0 });
  await put();
  const putAt = performance.now();
  const first = await vi.waitUntil(
    async () => {
      const waited = performance.now() - putAt;
      const now = await seen();
      expect(now?.waiting).toBe(1);
      return now?.oldestMs === undefined ? undefined : { told: now.oldestMs, waited };
    },
    { timeout: 30_000, interval: 500 },
  );
  expect(first.told).toBeGreaterThanOrEqual(Math.floor(first.waited));
  await put();
  const both = await seen();
  expect(both).toMatchObject({ queue, waiting: 2 });
  expect(both?.oldestMs).toBeGreaterThanOrEqual(first.told);

  const subscription = await scene.broker.consume(queue, { prefetch: 10 }, async () => ({ kind: 'ack' }));
  await vi.waitFor(async () => expect(await seen()).toEqual({ queue, waiting: 0 }), { timeout: 10_000 });
  await subscription.close();
}, 60_000);
