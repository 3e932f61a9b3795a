import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let admin: string;
beforeAll(async () => {
  gateway = await startGateway();
  admin = `Bearer ${await gateway.key('*', 'admin')}`;
});
afterAll(() => gateway.close());

const pods = (key: string): request.Test => request(gateway.api).get('/v1/pods').set('Authorization', key);
const make = (body: object): request.Test =>
  request(gateway.api).post('/v1/keys').set('Authorization', admin).send(body);
const list = (query = ''): request.Test =>
  request(gateway.api).get(`/v1/keys${query}`).set('Authorization', admin);

it('are made once, used, and revoked at once', async () => {
  const made = await make({ client: 'acme', role: 'publisher', note: 'the build server' }).expect(201);
  expect(made.body).toEqual({
    id: expect.any(String),
    key: expect.stringMatching(/^pw_/),
    client: 'acme',
    role: 'publisher',
  });
  await pods(`Bearer ${made.body.key}`).expect(200);
  const revoke = (): request.Test =>
    request(gateway.api).delete(`/v1/keys/${made.body.id}`).set('Authorization', admin);
  await revoke().expect(204);
  await pods(`Bearer ${made.body.key}`).expect(401);
  expect((await revoke().expect(404)).body.code).toBe('KEY.NOT_FOUND');
});

it('are listed with all that is known, never with their secrets', async () => {
  const wanted = {
    ...{ client: 'listed', role: 'publisher', publisher: 'build server', note: 'rack 3' },
    ...{ pods: ['shop', 'blog'], expiresAt: '2030-01-31T00:00:00.000Z' },
  };
  const made = await make(wanted).expect(201);
  await pods(`Bearer ${made.body.key}`).expect(200);
  const { body, text } = await list('?client=listed').expect(200);
  const times = { createdAt: expect.any(String) as string, lastUsedAt: expect.any(String) as string };
  expect(body).toEqual({ keys: [{ id: made.body.id as string, ...wanted, ...times }] });
  expect(text).not.toContain(made.body.key.slice(16));
  await request(gateway.api).delete(`/v1/keys/${made.body.id}`).set('Authorization', admin).expect(204);
  expect((await list('?client=listed')).body.keys[0].revokedAt).toEqual(expect.any(String));
});

it('are listed page by page', async () => {
  for (let n = 0; n < 3; n += 1) await make({ client: 'paged', role: 'viewer' }).expect(201);
  const seen: string[] = [];
  for (let before = ''; ; before = `&before=${seen.at(-1)}`) {
    const page: { id: string }[] = (await list(`?client=paged&limit=2${before}`).expect(200)).body.keys;
    if (page.length === 0) break;
    seen.push(...page.map(({ id }) => id));
  }
  expect(new Set(seen).size).toBe(3);
});

it.each([
  [{ client: 'acme', role: 'admin' }, 'client'],
  [{ client: 'acme', role: 'operator' }, 'client'],
  [{ client: '*', role: 'operator', pods: ['shop'] }, 'pods'],
  [{ client: '**', role: 'viewer' }, 'client'],
  [{ client: 'acme', role: 'king' }, 'role'],
  [{ client: 'acme', role: 'viewer', expiresAt: 'tomorrow' }, 'expiresAt'],
  [{ client: 'acme', role: 'viewer', expiresAt: '2030-W10-1' }, 'expiresAt'],
  [{ client: 'acme', role: 'viewer', pods: [] }, 'pods'],
  [{ client: 'acme', role: 'viewer', pods: ['Shop'] }, 'pods'],
  [{ client: 'acme', role: 'viewer', pods: 'shop' }, 'pods'],
])('are not made from %j', async (body, at) => {
  const answer = await make(body);
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
