import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSettings } from '@podway/service-kit';
import { startGateway, type TestGateway } from '../../test/gateway.js';
import { IngressGatewaySettings } from '../ingress-gateway.config.js';

const origin = 'https://ops.example:8443';
let gateway: TestGateway;
let closed: TestGateway;
let key: string;

beforeAll(async () => {
  [gateway, closed] = await Promise.all([
    startGateway({ PODWAY_API_ORIGINS: `http://127.0.0.1:9000,${origin}` }),
    startGateway(),
  ]);
  key = await gateway.key('*', 'viewer');
});
afterAll(() => Promise.all([gateway?.close(), closed?.close()]));

const ALLOWED = 'access-control-allow-origin';
const preflight = (api: string, from: string) =>
  request(api).options('/v1/updates').set({ Origin: from, 'Access-Control-Request-Method': 'POST' });

it('a page of an origin that is named may ask, with all that the endpoints take', async () => {
  const answer = await preflight(gateway.api, origin).expect(204);
  expect(answer.headers).toMatchObject({
    ...{ [ALLOWED]: origin, vary: 'Origin', 'access-control-max-age': '600' },
    'access-control-allow-methods': expect.stringMatching(/\bPOST\b.*\bDELETE\b/),
    'access-control-allow-headers': expect.stringContaining('Last-Event-ID'),
  });
  expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  for (const header of ['Authorization', 'Idempotency-Key', 'Podway-Signature', 'Upload-Offset'])
    expect(answer.headers['access-control-allow-headers']).toContain(header);
});

it('gets answers that it may read, refusals and streams too', async () => {
  const asked = { Origin: origin, Authorization: `Bearer ${key}` };
  const good = await request(gateway.api).get('/v1/pods').set(asked).expect(200);
  expect(good.headers[ALLOWED]).toBe(origin);
  expect(good.headers['access-control-expose-headers']).toContain('Idempotency-Replayed');
  const refused = await request(gateway.api).get('/v1/pods').set('Origin', origin).expect(401);
  expect(refused.headers[ALLOWED]).toBe(origin);
  const stream = await fetch(`${gateway.api}/v1/events`, { method: 'HEAD', headers: asked });
  expect(stream.headers.get(ALLOWED)).toBe(origin);
});

it.each(['https://ops.example', 'https://evil.example', 'null', `${origin}.evil.example`])(
  'a page of %s may not',
  async (from) => {
    expect((await preflight(gateway.api, from)).headers).not.toHaveProperty(ALLOWED);
    const asked = { Origin: from, Authorization: `Bearer ${key}` };
    const answer = await request(gateway.api).get('/v1/pods').set(asked).expect(200);
    expect(answer.headers).not.toHaveProperty(ALLOWED);
    expect(answer.headers.vary).toBe('Origin');
  },
);

it('where none is named nothing is said of it', async () => {
  const answer = await preflight(closed.api, origin).expect(404);
  expect(answer.headers).not.toHaveProperty(ALLOWED);
});

it.each([
  '*',
  'ops.example',
  'https://ops.example/',
  'https://a.example,',
  'https://a.example https://b.example',
])('refuses to start with PODWAY_API_ORIGINS=%s', (origins) => {
  const env = { DATABASE_URL: 'postgres://u:p@h/d', PODWAY_API_ORIGINS: origins };
  expect(() => readSettings(IngressGatewaySettings, env)).toThrow('PODWAY_API_ORIGINS');
});
