import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckRequested, parseMessage } from '@podway/contracts';
import { AuditLog, DriftCheckEntity, ServerStatusEntity } from '@podway/persistence';
import { insertDeployment, insertRelease } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
beforeAll(async () => {
  gateway = await startGateway();
  publisher = await gateway.key('acme', 'publisher');
  await gateway.apply([pod('shop', 'acme', { policy: { drift: { on: 'heal', everyMs: 60_000 } } })]);
});
afterAll(() => gateway?.close());

const drift = () =>
  request(gateway.api).get('/v1/pods/shop/drift').set('Authorization', `Bearer ${publisher}`);
const check = (body?: object) =>
  request(gateway.api).post('/v1/pods/shop/drift').set('Authorization', `Bearer ${publisher}`).send(body);

it('tells nothing that was not seen yet, and nothing to look for without a release', async () => {
  expect((await drift().expect(200)).body).toEqual({
    ...{ pod: 'shop', policy: 'heal', everyMs: 60_000, healsInVain: 0 },
    servers: ['s1', 's2', 's3'].map((name) => ({ name, inRotation: true })),
  });
  const refused = await check();
  expect([refused.status, refused.body.code]).toEqual([409, 'DRIFT.NO_RELEASE']);
});

it('asks the coordinator for a look, and records who asked', async () => {
  await insertRelease(gateway.dataSource);
  const { body } = await check({ deep: true }).expect(202);
  await expect
    .poll(() =>
      gateway.broker.published.map(
        ({ envelope }) => parseMessage(JSON.parse(JSON.stringify(envelope)) as object).payload,
      ),
    )
    .toContainEqual(
      Object.assign(new CheckRequested(), {
        ...{ lookId: body.id, pod: 'shop', deep: true, by: publisher.slice(3, 15) },
      }),
    );
  const [record] = await new AuditLog(gateway.dataSource).list({ action: 'checkDrift', limit: 1 });
  expect(record).toMatchObject({ subject: 'pod/shop', client: 'acme', detail: { deep: true } });
  expect((await check({ deep: 'yes' })).status).toBe(422);
});

it('shows what the last look found', async () => {
  const at = new Date('2026-03-02T09:15:00.000Z');
  const { manager } = gateway.dataSource;
  const tree = {
    added: 0,
    changed: 1,
    removed: 0,
    more: false,
    entries: [{ change: 'changed' as const, path: 'x' }],
  };
  await manager.insert(ServerStatusEntity, {
    ...{ pod: 'shop', server: 's2', updatedAt: at, quarantined: true, finding: 'drifted' as const },
    ...{ checkedAt: at, driftedSince: at, liveFingerprint: 'd'.repeat(64), changes: { tree } },
  });
  await manager.insert(DriftCheckEntity, {
    ...{ pod: 'shop', dueAt: at, lastLookId: '01JX4E8A2M8V3K5N6P9R0S1T30', lastDeep: true, lastAt: at },
    ...{ healsInVain: 3, stopped: 'it did not help' },
  });
  const { body } = await drift();
  expect(body).toMatchObject({
    ...{ release: 1, healsInVain: 3, healingStopped: 'it did not help', nextCheckAt: at.toISOString() },
    lastCheck: { id: '01JX4E8A2M8V3K5N6P9R0S1T30', deep: true },
  });
  expect(body.servers[1]).toEqual({
    ...{ name: 's2', inRotation: false, finding: 'drifted', fingerprint: 'd'.repeat(64) },
    ...{ checkedAt: at.toISOString(), driftedSince: at.toISOString(), changes: { tree } },
  });
});

it('is not done while a deployment has the POD', async () => {
  await insertDeployment(gateway.dataSource, { state: 'Installing', leased: true });
  const refused = await check();
  expect([refused.status, refused.body.code]).toEqual([409, 'DRIFT.POD_BUSY']);
});
