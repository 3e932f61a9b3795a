import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertDeployment } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
let operator: string;
let approver: string;

const freeze = [{ from: '2020-01-01T00:00:00Z', to: '2120-01-01T00:00:00Z', reason: 'for ever' }];

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.apply([
    pod('shop', 'acme'),
    pod('frozen', 'acme', { policy: { windows: { freeze } } }),
    pod('other', 'rival'),
  ]);
  publisher = await gateway.key('acme', 'publisher');
  operator = await gateway.key('*', 'operator');
  approver = await gateway.key('acme', 'approver');
});
afterAll(() => gateway.close());

function call(method: 'get' | 'post', path: string, key = publisher, body?: object): request.Test {
  const test = request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`);
  return body ? test.send(body) : test;
}

describe('a deployment that waits says why', () => {
  const waiting = async (id: string): Promise<unknown> =>
    (await call('get', `/v1/deployments/${id}`).expect(200)).body.waiting;

  it('others come first, the POD is paused, a window is closed', async () => {
    const first = await insertDeployment(gateway.dataSource);
    const second = await insertDeployment(gateway.dataSource);
    expect(await waiting(first.id)).toBeUndefined();
    expect(await waiting(second.id)).toEqual({ kind: 'queue', detail: '1 before it' });
    await call('post', '/v1/pods/shop/pause', publisher, { reason: 'audit' }).expect(200);
    expect(await waiting(first.id)).toEqual({ kind: 'paused', detail: 'the POD is paused: audit' });
    await call('post', '/v1/pods/shop/resume').expect(200);
    expect(await waiting(first.id)).toBeUndefined();
    const frozen = await insertDeployment(gateway.dataSource, { pod: 'frozen' });
    expect(await waiting(frozen.id)).toEqual({
      ...{ kind: 'window', detail: 'frozen: for ever', until: '2120-01-01T00:00:00.000Z' },
    });
  });
});

describe('pausing a POD', () => {
  it('is shown with who and why, and stays as it was first said', async () => {
    const paused = await call('post', '/v1/pods/shop/pause', publisher, { reason: 'audit' }).expect(200);
    expect(paused.body.paused).toEqual({
      by: publisher.slice(3, 15),
      reason: 'audit',
      since: expect.any(String) as string,
    });
    const again = await call('post', '/v1/pods/shop/pause', operator, { reason: 'other' }).expect(200);
    expect(again.body.paused).toEqual(paused.body.paused);
    const { body } = await call('get', '/v1/pods').expect(200);
    expect(body.pods.find(({ name }: { name: string }) => name === 'shop').paused.reason).toBe('audit');
    expect((await call('post', '/v1/pods/shop/resume').expect(200)).body.paused).toBeUndefined();
    await call('post', '/v1/pods/shop/resume').expect(200);
  });

  it('is not possible for a POD that is foreign or missing, which look the same', async () => {
    for (const verb of ['pause', 'resume']) {
      const foreign = await call('post', `/v1/pods/other/${verb}`).expect(404);
      const missing = await call('post', `/v1/pods/nowhere/${verb}`).expect(404);
      expect({ ...foreign.body, instance: '', detail: '' }).toEqual({
        ...missing.body,
        instance: '',
        detail: '',
      });
    }
  });
});

describe('approving', () => {
  const awaiting = (publishedWith: string): Promise<{ id: string }> =>
    insertDeployment(gateway.dataSource, {
      state: 'AwaitingApproval',
      saga: {
        ...{ canary: 's1', approvalTimeoutMs: 60_000, enteredAt: '2026-01-01T12:00:00.000Z' },
        publisher: { key: publishedWith, client: 'acme' },
      },
    });
  const told = (id: string): unknown[] =>
    gateway.broker.published
      .filter(({ envelope }) => envelope.deploymentid === id)
      .map(({ envelope }) => [envelope.type, envelope.data]);

  it('and refusing are told to the coordinator, with who and why', async () => {
    for (const [verb, type] of [
      ['approve', 'io.podway.approval.granted.v1'],
      ['refuse', 'io.podway.approval.refused.v1'],
    ] as const) {
      const { id } = await awaiting('abcdefghijkl');
      const view = await call('post', `/v1/deployments/${id}/${verb}`, approver, { reason: 'seen' }).expect(
        202,
      );
      expect(view.body).toMatchObject({
        state: 'AwaitingApproval',
        approvalUntil: '2026-01-01T12:01:00.000Z',
      });
      await expect
        .poll(() => told(id))
        .toEqual([[type, { deploymentId: id, by: approver.slice(3, 15), reason: 'seen' }]]);
    }
  });

  it('needs somebody else than who published; refusing does not', async () => {
    const { id } = await awaiting(operator.slice(3, 15));
    const refused = await call('post', `/v1/deployments/${id}/approve`, operator).expect(403);
    expect(refused.body.code).toBe('APPROVAL.OWN_UPDATE');
    await call('post', `/v1/deployments/${id}/refuse`, operator).expect(202);
  });

  it('looks the same to an approver of another client as for what is not there', async () => {
    const foreign = await gateway.key('rival', 'approver');
    const { id } = await awaiting('abcdefghijkl');
    for (const verb of ['approve', 'refuse']) {
      const there = await call('post', `/v1/deployments/${id}/${verb}`, foreign).expect(404);
      const missing = await call('post', `/v1/deployments/01JX4E7Q2M8V3K5N6P9R0S1T2V/${verb}`, foreign);
      expect(there.body.code).toBe('DEPLOYMENT.NOT_FOUND');
      expect(missing.body).toMatchObject({ code: there.body.code, status: 404, title: there.body.title });
    }
  });

  it('is for a canary that waits for it, and for nothing else', async () => {
    const { id } = await insertDeployment(gateway.dataSource, { state: 'Verifying' });
    const answer = await call('post', `/v1/deployments/${id}/approve`, operator).expect(409);
    expect(answer.body.code).toBe('DEPLOYMENT.NOTHING_TO_APPROVE');
  });
});
