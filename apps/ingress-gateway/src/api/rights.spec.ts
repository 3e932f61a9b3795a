import request from 'supertest';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiKeyEntity } from '@podway/persistence';
import { shopBundle } from '../../test/bundle.js';
import { insertDeployment } from '../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { apiEndpoints } from './endpoints.js';

const identities = ['none', 'wrong', 'viewer', 'publisher', 'foreign', 'operator', 'admin'] as const;
type Who = (typeof identities)[number];

/** Expected status of each identity, in the order of `identities`. */
type Row = readonly [number, number, number, number, number, number, number];

interface Trial {
  row: Row;
  path: () => string;
  body?: () => Promise<object> | object;
}

let gateway: TestGateway;
let keys: Record<Exclude<Who, 'none'>, string>;
let deploymentId: string;
let updateId: string;

/** One row an operation. `foreign` is a publisher of another client: it must see the same as for what is missing. */
const trials: Record<string, Trial> = {
  publishUpdate: {
    row: [401, 401, 403, 202, 404, 202, 202],
    path: () => '/v1/updates?pod=shop',
    body: () => shopBundle(ulid()),
  },
  getUpdate: { row: [401, 401, 200, 200, 404, 200, 200], path: () => `/v1/updates/${updateId}` },
  listDeployments: { row: [401, 401, 200, 200, 200, 200, 200], path: () => '/v1/deployments' },
  getDeployment: { row: [401, 401, 200, 200, 404, 200, 200], path: () => `/v1/deployments/${deploymentId}` },
  abortDeployment: {
    row: [401, 401, 403, 202, 404, 202, 202],
    path: () => `/v1/deployments/${deploymentId}/abort`,
  },
  // Not in RollbackFailed: whoever may ask is told so.
  retryDeployment: {
    row: [401, 401, 403, 403, 403, 409, 409],
    path: () => `/v1/deployments/${deploymentId}/retry`,
  },
  listPods: { row: [401, 401, 200, 200, 200, 200, 200], path: () => '/v1/pods' },
  applyPods: {
    row: [401, 401, 403, 403, 403, 403, 200],
    path: () => '/v1/pods',
    body: () => ({ apiVersion: 'podway/v1', pods: [pod('shop', 'acme')] }),
  },
  getPod: { row: [401, 401, 200, 200, 404, 200, 200], path: () => '/v1/pods/shop' },
  listReleases: { row: [401, 401, 200, 200, 404, 200, 200], path: () => '/v1/pods/shop/releases' },
  createKey: {
    row: [401, 401, 403, 403, 403, 403, 201],
    path: () => '/v1/keys',
    body: () => ({ client: 'acme', role: 'viewer' }),
  },
  revokeKey: { row: [401, 401, 403, 403, 403, 403, 204], path: () => `/v1/keys/${spareKeyId}` },
  streamEvents: { row: [401, 401, 200, 200, 200, 200, 200], path: () => '/v1/events' },
  listDeadLetters: { row: [401, 401, 403, 403, 403, 200, 200], path: () => '/v1/dead-letters' },
  replayDeadLetters: { row: [401, 401, 403, 403, 403, 200, 200], path: () => '/v1/dead-letters/replay' },
  getOpenApi: { row: [200, 200, 200, 200, 200, 200, 200], path: () => '/openapi.json' },
  isLive: { row: [200, 200, 200, 200, 200, 200, 200], path: () => '/livez' },
  isReady: { row: [200, 200, 200, 200, 200, 200, 200], path: () => '/readyz' },
};
let spareKeyId: string;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.apply([pod('shop', 'acme')]);
  keys = {
    wrong: `pw_aaaaaaaaaaaa_${'A'.repeat(43)}`,
    viewer: await gateway.key('acme', 'viewer'),
    publisher: await gateway.key('acme', 'publisher'),
    foreign: await gateway.key('rival', 'publisher'),
    operator: await gateway.key('*', 'operator'),
    admin: await gateway.key('*', 'admin'),
  };
  deploymentId = (await insertDeployment(gateway.dataSource, { state: 'Installing' })).id;
  const published = await request(gateway.api)
    .post('/v1/updates?pod=shop')
    .set('Authorization', `Bearer ${keys.publisher}`)
    .set('Content-Type', 'application/gzip')
    .send(await shopBundle());
  updateId = published.body.id;
});
afterAll(() => gateway.close());
beforeEach(async () => {
  spareKeyId = (await gateway.key('acme', 'viewer')).slice(3, 15);
});

async function statusFor(operationId: string, who: Who): Promise<number> {
  const endpoint = apiEndpoints().find((one) => one.operationId === operationId);
  const trial = trials[operationId];
  if (!endpoint || !trial) throw new Error(`no such operation: ${operationId}`);
  const body = await trial.body?.();
  const leave = new AbortController();
  const response = await fetch(gateway.api + trial.path(), {
    method: endpoint.method.toUpperCase(),
    headers: {
      ...(who === 'none' ? {} : { authorization: `Bearer ${keys[who]}` }),
      ...(body instanceof Buffer ? { 'content-type': 'application/gzip' } : {}),
      ...(body && !(body instanceof Buffer) ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: body instanceof Buffer ? new Uint8Array(body) : JSON.stringify(body) } : {}),
    signal: leave.signal,
  });
  leave.abort();
  return response.status;
}

it('has a row for every operation', () => {
  expect(Object.keys(trials).sort()).toEqual(
    apiEndpoints()
      .map((endpoint) => endpoint.operationId)
      .sort(),
  );
});

describe.each(Object.entries(trials))('%s', (operationId, { row }) => {
  it.each(identities.map((who, index) => [who, row[index]] as const))('%s: %i', async (who, status) => {
    expect(await statusFor(operationId, who)).toBe(status);
  });
});

describe('keys', () => {
  const pods = (key: string): request.Test => request(gateway.api).get('/v1/pods').set('Authorization', key);

  it('are made once, used, and revoked at once', async () => {
    const made = await request(gateway.api)
      .post('/v1/keys')
      .set('Authorization', `Bearer ${keys.admin}`)
      .send({ client: 'acme', role: 'publisher', note: 'the build server' })
      .expect(201);
    expect(made.body).toEqual({
      id: expect.any(String),
      key: expect.stringMatching(/^pw_/),
      client: 'acme',
      role: 'publisher',
    });
    await pods(`Bearer ${made.body.key}`).expect(200);
    const revoke = (): request.Test =>
      request(gateway.api).delete(`/v1/keys/${made.body.id}`).set('Authorization', `Bearer ${keys.admin}`);
    await revoke().expect(204);
    await pods(`Bearer ${made.body.key}`).expect(401);
    expect((await revoke().expect(404)).body.code).toBe('KEY.NOT_FOUND');
  });

  it('expire', async () => {
    const key = await gateway.key('acme', 'viewer');
    const past = { expiresAt: new Date(Date.now() - 1) };
    await gateway.dataSource.manager.update(ApiKeyEntity, { id: key.slice(3, 15) }, past);
    await pods(`Bearer ${key}`).expect(401);
  });

  it.each([
    [{ client: 'acme', role: 'admin' }, 'client'],
    [{ client: 'acme', role: 'operator' }, 'client'],
    [{ client: '**', role: 'viewer' }, 'client'],
    [{ client: 'acme', role: 'king' }, 'role'],
    [{ client: 'acme', role: 'viewer', expiresAt: 'tomorrow' }, 'expiresAt'],
  ])('are not made from %j', async (body, at) => {
    const answer = await request(gateway.api)
      .post('/v1/keys')
      .set('Authorization', `Bearer ${keys.admin}`)
      .send(body);
    expect(answer.status).toBe(422);
    expect(answer.body.problems[0]).toContain(at);
  });

  it.each(['Basic cHc6cHc=', 'Bearer', 'Bearer ', 'bearer nonsense', 'pw_x', `Bearer ${'x'.repeat(5000)}`])(
    'are not taken as %j',
    async (header) => {
      const answer = await pods(header).expect(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.body.code).toMatch(/^AUTH\./);
    },
  );
});
