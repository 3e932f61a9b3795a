import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeploymentState, OperationsView } from '@podway/contracts';
import { Workers } from '@podway/persistence';
import { appendChange, insertDeployment } from '../../../test/deployments.js';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let operator: string;

beforeAll(async () => {
  gateway = await startGateway();
  operator = await gateway.key('*', 'operator');
});
afterAll(() => gateway.close());

async function operations(): Promise<OperationsView> {
  const answer = await request(gateway.api).get('/v1/operations').set('Authorization', `Bearer ${operator}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as OperationsView;
}

/** A deployment that was so long in each state, and ended so long ago. */
async function ended(agoMs: number, stages: readonly [DeploymentState, number][]): Promise<void> {
  const state = stages.at(-1)?.[0] ?? 'Succeeded';
  const deployment = await insertDeployment(gateway.dataSource, { state });
  let at = Date.now() - agoMs - stages.reduce((sum, [, ms]) => sum + ms, 0);
  for (const [to, ms] of stages) {
    await appendChange(gateway.dataSource, deployment, { to, cause: 'Test', time: new Date(at) });
    at += ms;
  }
  await gateway.dataSource.query('update coordinator.deployments set finished_at = $2 where id = $1', [
    deployment.id,
    new Date(at),
  ]);
}

it('says so when there is nothing yet', async () => {
  expect(await operations()).toMatchObject({
    ...{ stages: [], queues: [], deadLetters: 0, workers: [], gateways: 0 },
    waiting: { updates: 0, pods: 0, oldestMs: 0 },
    outboxes: [
      { outbox: 'coordinator', count: 0, oldestMs: 0 },
      { outbox: 'ingress', count: 0, oldestMs: 0 },
      { outbox: 'events', count: 0, oldestMs: 0 },
    ],
  });
});

it('tells how long stages took, of the deployments that ended of late', async () => {
  for (const installMs of [1_000, 2_000, 3_000, 4_000, 50_000]) {
    await ended(60_000, [
      ['Snapshotting', 500],
      ['Installing', installMs],
      ['RollingBack', 100],
      ['RolledBack', 0],
    ]);
  }
  await ended(25 * 3_600_000, [
    ['Installing', 900_000],
    ['Succeeded', 0],
  ]);
  // Taken up again after it had ended: the time in between is nobody's work.
  await ended(60_000, [
    ['RollbackFailed', 700_000],
    ['RollingBack', 300],
    ['RolledBack', 0],
  ]);
  const since = new Date(Date.now() - 5_000).toISOString();
  await insertDeployment(gateway.dataSource, {
    state: 'Installing',
    leased: true,
    saga: { enteredAt: since },
  });
  const { stages } = await operations();
  expect(stages.map(({ stage }) => stage)).toEqual(['Snapshotting', 'Installing', 'RollingBack']);
  expect(stages[0]).toEqual({ stage: 'Snapshotting', now: 0, left: 5, p50Ms: 500, p95Ms: 500 });
  expect(stages[1]).toMatchObject({ now: 1, left: 5, p50Ms: 3_000 });
  expect(stages[1]?.p95Ms).toBeCloseTo(40_800);
  expect(stages[1]?.oldestMs).toBeGreaterThanOrEqual(5_000);
  expect(stages[2]).toMatchObject({ left: 6, p50Ms: 100 });
});

it('tells what waits, and who works', async () => {
  for (const pod of ['shop', 'shop', 'blog']) await insertDeployment(gateway.dataSource, { pod });
  await gateway.dataSource.query(`update coordinator.deployments set submitted_at = now() - interval '90 s'
    where pod = 'blog'`);
  const workers = new Workers(gateway.dataSource);
  const load = { running: 1, capacity: 8, sshSessions: 5 };
  await workers.beat({ id: '01JZZZZZZZZZZZZZZZZZZZZZZZ', service: 'installer-agent', host: 'a' }, load);
  gateway.broker.waiting = [{ queue: 'podway.auth.authenticate-update', waiting: 3, inHand: 1, oldestMs: 9 }];
  const seen = await operations();
  expect(seen.waiting).toMatchObject({ updates: 3, pods: 2 });
  expect(seen.waiting.oldestMs).toBeGreaterThanOrEqual(90_000);
  expect(seen.workers).toMatchObject([{ service: 'installer-agent', host: 'a', ...load }]);
  expect(seen.queues).toEqual(gateway.broker.waiting);
});

it('tells the rest when the broker does not answer', async () => {
  gateway.broker.waiting = undefined;
  const seen = await operations();
  expect(seen).not.toHaveProperty('queues');
  expect(seen.workers).toHaveLength(1);
});
