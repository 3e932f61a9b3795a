import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { shopBundle } from '../../../test/bundle.js';
import { appendChange, insertDeployment, numberEvents } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

/** Planted: the application’s own checks of the client are gone. */
const planted = vi.hoisted(() => ({ noWall: false }));
vi.mock('./caller.js', async (importActual) => {
  const actual = await importActual<typeof import('./caller.js')>();
  return {
    ...actual,
    tenantOf: (caller: { client: string }) =>
      planted.noWall || caller.client === '*' ? undefined : { client: caller.client, pods: [] },
  };
});

vi.mock('@podway/persistence', async (importActual) => ({
  ...(await importActual<typeof import('@podway/persistence')>()),
  may: () => true,
  visibleTo: () => undefined,
}));

let gateway: TestGateway;
let acme: string;
let rival: string;
let updateId: string;
let deploymentId: string;
let webhookId: string;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.apply([pod('shop', 'acme'), pod('blog', 'rival')]);
  acme = await gateway.key('acme', 'publisher');
  rival = await gateway.key('rival', 'publisher');
  const deployment = await insertDeployment(gateway.dataSource, { state: 'Installing' });
  deploymentId = deployment.id;
  await appendChange(gateway.dataSource, deployment, { to: 'Installing', cause: 'SnapshotTaken' });
  await numberEvents(gateway.dataSource);
  const published = await request(gateway.api)
    .post('/v1/updates?pod=shop')
    .set('Authorization', `Bearer ${acme}`)
    .set('Content-Type', 'application/gzip')
    .send(await shopBundle());
  updateId = published.body.id;
  const webhook = await request(gateway.api)
    .post('/v1/webhooks')
    .set('Authorization', `Bearer ${acme}`)
    .send({ url: 'https://hooks.example/' });
  webhookId = webhook.body.id;
});
afterAll(() => gateway.close());

const paths = (): string[] => [
  ...[
    `/v1/updates/${updateId}`,
    `/v1/deployments/${deploymentId}`,
    `/v1/deployments/${deploymentId}/logs`,
    '/v1/pods/shop',
    '/v1/pods/shop/releases',
  ],
  ...['/v1/pods/shop/signing', `/v1/webhooks/${webhookId}`, `/v1/webhooks/${webhookId}/deliveries`],
];
const get = (path: string, key = rival): request.Test =>
  request(gateway.api).get(path).set('Authorization', `Bearer ${key}`);
const abort = (): request.Test =>
  request(gateway.api).post(`/v1/deployments/${deploymentId}/abort`).set('Authorization', `Bearer ${rival}`);
const publish = async (): Promise<number> =>
  (
    await request(gateway.api)
      .post('/v1/updates?pod=shop')
      .set('Authorization', `Bearer ${rival}`)
      .set('Content-Type', 'application/gzip')
      .send(await shopBundle('not theirs'))
  ).status;

/** All that comes of the event log until the past is over. */
async function events(key: string): Promise<string> {
  const leave = new AbortController();
  const response = await fetch(`${gateway.api}/v1/events?after=0`, {
    headers: { authorization: `Bearer ${key}` },
    signal: leave.signal,
  });
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    // The place in the log is told to everybody.
    if (text.endsWith('id: 1\n\n')) break;
  }
  leave.abort();
  return text;
}

describe('with the checks of the application gone', () => {
  it('row-level security shows a client nothing of another', async () => {
    planted.noWall = false;
    for (const path of paths()) expect([path, (await get(path)).status]).toEqual([path, 404]);
    expect((await get('/v1/pods')).body.pods.map((one: { name: string }) => one.name)).toEqual(['blog']);
    expect((await get('/v1/deployments')).body.deployments).toEqual([]);
    expect(await events(rival)).not.toContain('acme');
    expect((await abort()).status).toBe(404);
    expect(await publish()).toBe(404);
  });

  it('and a client all of its own', async () => {
    for (const path of paths()) expect([path, (await get(path, acme)).status]).toEqual([path, 200]);
    expect((await get('/v1/pods', acme)).body.pods).toHaveLength(1);
    expect((await get('/v1/deployments', acme)).body.deployments).toHaveLength(1);
    expect(await events(acme)).toContain('acme/shop');
  });

  it('it is the wall that did it: without it as well, everything is seen', async () => {
    planted.noWall = true;
    for (const path of paths()) expect([path, (await get(path)).status]).toEqual([path, 200]);
    expect((await get('/v1/pods')).body.pods).toHaveLength(2);
    expect((await get('/v1/deployments')).body.deployments).toHaveLength(1);
    expect(await events(rival)).toContain('acme/shop');
    expect((await abort()).status).toBe(202);
    expect(await publish()).toBe(202);
  });
});
