import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../../test/gateway.js';
import { WebhookSender } from './webhook-sender.js';

let gateway: TestGateway;
let acme: string;
beforeAll(async () => {
  gateway = await startGateway({ PODWAY_WEBHOOKS_PER_CLIENT: '3' });
  acme = await gateway.key('acme', 'publisher');
});
afterAll(() => gateway?.close());

const ask = (method: 'get' | 'post' | 'patch' | 'delete', path: string, key = acme): request.Test =>
  request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`);
const url = 'https://hooks.example.org/podway';

it('is made, listed, changed and removed; its secret is shown once', async () => {
  const made = await ask('post', '/v1/webhooks').send({ url, pods: ['shop', 'blog', 'shop'], note: 'chat' });
  expect(made.status).toBe(201);
  const { secret, ...view } = made.body;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(view).toMatchObject({ client: 'acme', url, pods: ['blog', 'shop'], state: 'active', sequence: 0 });
  const listed = await ask('get', '/v1/webhooks');
  expect(listed.body).toEqual({ webhooks: [view] });
  expect(JSON.stringify(listed.body)).not.toContain('whsec');
  const changed = await ask('patch', `/v1/webhooks/${view.id}`).send({
    types: ['io.podway.pod.diverged.v1'],
  });
  expect(changed.body).toEqual({ ...view, types: ['io.podway.pod.diverged.v1'] });
  await ask('delete', `/v1/webhooks/${view.id}`).expect(204);
  await ask('delete', `/v1/webhooks/${view.id}`).expect(404);
  expect((await ask('get', '/v1/webhooks')).body).toEqual({ webhooks: [] });
  const [{ n }] = await gateway.dataSource.query(
    `select count(*)::int as n from auth.audit_log where subject = $1 and client = 'acme'`,
    [`webhook/${view.id}`],
  );
  expect(n).toBe(3);
});

it('people of the hosting service say whose it is', async () => {
  const operator = await gateway.key('*', 'operator');
  const without = await ask('post', '/v1/webhooks', operator).send({ url });
  expect(without.body).toMatchObject({ status: 422, code: 'WEBHOOK.CLIENT_NEEDED' });
  const unknown = await ask('post', '/v1/webhooks', operator).send({ url, client: 'nobody' });
  expect(unknown.body).toMatchObject({ status: 404, code: 'CLIENT.NOT_FOUND' });
  await ask('post', '/v1/webhooks', operator).send({ url, client: 'acme' }).expect(201);
  expect((await ask('get', '/v1/webhooks?client=acme', operator)).body.webhooks).toHaveLength(1);
  const foreign = await ask('post', '/v1/webhooks').send({ url, client: 'rival' });
  expect(foreign.body).toMatchObject({ status: 404, code: 'CLIENT.NOT_FOUND' });
});

it('there are so many of a client, also when they are made at once', async () => {
  const key = await gateway.key('many', 'publisher');
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => ask('post', '/v1/webhooks', key).send({ url })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 422, 422, 422, 422, 422]);
  expect(answers.find(({ status }) => status === 422)?.body.code).toBe('WEBHOOK.TOO_MANY');
});

it.each([
  'http://hooks.example.org/',
  'https://127.0.0.1/',
  'https://0x7f.1/',
  'https://2130706433/',
  'https://10.1.2.3/',
  'https://169.254.169.254/latest/meta-data',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[fe80::1]/',
])('is refused at %s', async (where) => {
  const { status, body } = await ask('post', '/v1/webhooks').send({ url: where });
  expect([status, ['WEBHOOK.URL_REFUSED', 'INPUT.INVALID'].includes(body.code)]).toEqual([422, true]);
});

it.each([
  { url: 'ftp://hooks.example.org/' },
  { url: 'https://user:secret@hooks.example.org/' },
  { url: `https://hooks.example.org/${'x'.repeat(2000)}` },
  { url, pods: [] },
  { url, types: ['*'] },
  { url, secret: 'mine' },
  {},
])('is refused: %j', async (body) => {
  expect((await ask('post', '/v1/webhooks').send(body)).body).toMatchObject({ code: 'INPUT.INVALID' });
});

it('a name that leads to a private address is refused when it is looked up, each time', async () => {
  const sender = new WebhookSender({ timeoutMs: 5_000, allowPrivate: false });
  const message = {
    id: 'x',
    url: 'https://localhost:9/',
    secrets: [WebhookSender.newSecret()],
    contentType: 'a/b',
  };
  const { signal } = new AbortController();
  const answer = await sender.send({ ...message, body: '{}' }, signal);
  expect(answer).toMatchObject({
    delivered: false,
    error: expect.stringMatching(/is not a public address$/),
  });
  await sender.close();
});

it('a private address in a URL that was taken under other rules is refused when it is sent to', async () => {
  const sender = new WebhookSender({ timeoutMs: 5_000, allowPrivate: false });
  const message = { id: 'x', url: 'http://127.0.0.1:9/', secrets: [], contentType: 'a/b', body: '{}' };
  expect(await sender.send(message, new AbortController().signal)).toMatchObject({
    error: 'Nothing is sent to this URL: it must begin with https://',
  });
  await sender.close();
});
