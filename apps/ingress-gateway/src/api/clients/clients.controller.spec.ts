import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { shopBundle } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let admin: string;
beforeAll(async () => {
  gateway = await startGateway();
  admin = await gateway.key('*', 'admin');
});
afterAll(() => gateway.close());

async function call(
  method: 'get' | 'post' | 'put',
  path: string,
  { key = admin, body }: { key?: string; body?: object } = {},
): Promise<request.Response> {
  return request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`).send(body);
}

it('are made once, shown, listed page by page and changed', async () => {
  const made = await call('post', '/v1/clients', { body: { name: 'made', note: 'call 100' } });
  expect([made.status, made.body]).toEqual([
    201,
    { name: 'made', note: 'call 100', createdAt: expect.any(String) as string },
  ]);
  const again = await call('post', '/v1/clients', { body: { name: 'made' } });
  expect([again.status, again.body.code]).toEqual([409, 'CLIENT.EXISTS']);
  expect((await call('get', '/v1/clients/made')).body).toEqual(made.body);
  await call('post', '/v1/clients', { body: { name: 'next' } });
  expect((await call('get', '/v1/clients?limit=1&after=made')).body.clients).toMatchObject([
    { name: 'next' },
  ]);
  const disabled = await call('put', '/v1/clients/made', { body: { disabled: true } });
  expect(disabled.body).toEqual({ ...made.body, disabledAt: expect.any(String) as string });
  expect((await call('put', '/v1/clients/made', { body: { disabled: false, note: 'x' } })).body).toEqual({
    ...made.body,
    note: 'x',
  });
});

it.each([{ name: 'Acme' }, { name: '*' }, { name: '' }, {}, { name: 'a', disabled: true }])(
  'are not made from %j',
  async (body) => {
    expect((await call('post', '/v1/clients', { body })).status).toBe(422);
  },
);

it.each(['nobody', '*', 'A', '%00'])('are not found as %s', async (name) => {
  const [one, changed] = [
    await call('get', `/v1/clients/${name}`),
    await call('put', `/v1/clients/${name}`, { body: { disabled: true } }),
  ];
  expect([one.body.code, changed.body.code]).toEqual(['CLIENT.NOT_FOUND', 'CLIENT.NOT_FOUND']);
});

it('come with the inventory and with keys, and stay disabled through both', async () => {
  const names = async (): Promise<string[]> =>
    (await call('get', '/v1/clients?limit=500')).body.clients.map(({ name }: { name: string }) => name);
  const file = { apiVersion: 'podway/v1', pods: [pod('site', 'of-inventory')] };
  expect((await call('put', '/v1/pods', { body: file })).status).toBe(200);
  await call('post', '/v1/keys', { body: { client: 'of-key', role: 'viewer' } });
  expect(await names()).toEqual(expect.arrayContaining(['of-inventory', 'of-key']));
  expect(await names()).not.toContain('*');
  await call('put', '/v1/clients/of-inventory', { body: { disabled: true } });
  await call('put', '/v1/pods', { body: file });
  const key = (await call('post', '/v1/keys', { body: { client: 'of-inventory', role: 'publisher' } })).body
    .key;
  expect((await call('get', '/v1/clients/of-inventory')).body.disabledAt).toBeDefined();
  expect((await call('get', '/v1/pods', { key })).status).toBe(401);
});

it('that are disabled have their publishers refused at once, and their PODs go on serving', async () => {
  const publisher = await gateway.key('busy', 'publisher');
  await gateway.apply([pod('busy-site', 'busy', { hosts: ['busy.example'] })]);
  const publish = async (): Promise<number> =>
    (
      await request(gateway.api)
        .post('/v1/updates?pod=busy-site')
        .set('Authorization', `Bearer ${publisher}`)
        .type('application/gzip')
        .send(await shopBundle(ulid()))
    ).status;
  expect(await publish()).toBe(202);
  await call('put', '/v1/clients/busy', { body: { disabled: true } });
  expect(await publish()).toBe(401);
  const server = await gateway.startAccesses();
  const access = (host: string): Promise<request.Response> =>
    Promise.resolve(request(`http://127.0.0.1:${server.port}`).get('/').set('Host', host));
  // The POD is found: only its servers, which are not there, do not answer.
  expect([(await access('busy.example')).status, (await access('none.example')).status]).toEqual([502, 404]);
  await call('put', '/v1/clients/busy', { body: { disabled: false } });
  expect(await publish()).toBe(202);
});
