import { connect } from 'node:net';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let admin: string;

beforeAll(async () => {
  gateway = await startGateway();
  admin = await gateway.key('*', 'admin');
});
afterAll(() => gateway.close());

function postKey(body: string | Buffer, type = 'application/json'): request.Test {
  return request(gateway.api)
    .post('/v1/keys')
    .set('Authorization', `Bearer ${admin}`)
    .set('Content-Type', type)
    .serialize((text: unknown) => text as string)
    .send(body);
}

const deep = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

describe('what is wrong with a body is told with a code', () => {
  it.each([
    ['malformed', '{"client":', 400, 'HTTP.MALFORMED_JSON'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'HTTP.MALFORMED_JSON'],
    ['too deep', deep(40), 400, 'HTTP.JSON_TOO_DEEP'],
    ['very deep', deep(50_000), 400, 'HTTP.JSON_TOO_DEEP'],
    ['too large', JSON.stringify({ note: 'x'.repeat(1024 * 1024) }), 413, 'HTTP.BODY_TOO_LARGE'],
    ['an array', '[]', 422, 'INPUT.INVALID'],
    ['null', 'null', 422, 'INPUT.INVALID'],
    ['a number', '17', 422, 'INPUT.INVALID'],
    ['nothing', '', 422, 'INPUT.INVALID'],
    ['a poisoned prototype', '{"__proto__":{"role":"admin"},"client":"acme"}', 422, 'INPUT.INVALID'],
    ['wrong types', '{"client":{"a":1},"role":["viewer"]}', 422, 'INPUT.INVALID'],
  ])('%s', async (_, body, status, code) => {
    const answer = await postKey(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.type).toBe('application/problem+json');
    expect(answer.body).toEqual(
      expect.objectContaining({
        type: `urn:podway:problem:${code}`,
        title: expect.any(String),
        status,
        detail: expect.any(String),
        instance: '/v1/keys',
      }),
    );
  });

  it('another media type', async () => {
    expect((await postKey('a: b', 'application/yaml')).body.code).toBe('HTTP.UNSUPPORTED_MEDIA_TYPE');
  });

  it('a compressed body', async () => {
    const answer = await postKey('{}').set('Content-Encoding', 'gzip');
    expect(answer.status).toBe(415);
  });
});

it('is not poisoned by a constructor in the body', async () => {
  await postKey('{"constructor":{"prototype":{"poisoned":1}},"client":"acme","role":"viewer"}');
  expect({}).not.toHaveProperty('poisoned');
});

it('tells nothing of what went wrong inside', async () => {
  await gateway.dataSource.query('alter table auth.api_keys rename to hidden');
  const answer = await request(gateway.api).get('/v1/pods').set('Authorization', `Bearer ${admin}`);
  await gateway.dataSource.query('alter table auth.hidden rename to api_keys');
  expect(answer.status).toBe(500);
  expect(answer.body.code).toBe('SERVICE.INTERNAL_ERROR');
  expect(JSON.stringify(answer.body)).not.toMatch(/api_keys|relation|select/i);
});

it.each(['/', '/v1', '/v1/nothing', '/v1/deployments/', '/%', '/v1/pods/%ff', '/v1/../etc/passwd'])(
  'answers %s with a problem, never with a fault of its own',
  async (path) => {
    const answer = await request(gateway.api).get(path).set('Authorization', `Bearer ${admin}`);
    expect(answer.status).toBeLessThan(500);
    if (answer.status >= 400) expect(answer.type).toBe('application/problem+json');
  },
);

it.each([
  ['nonsense\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  [`GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
])('answers what cannot be read with a problem: %#', async (text, status) => {
  const socket = connect(Number(new URL(gateway.api).port), '127.0.0.1');
  socket.on('error', () => undefined).write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(JSON.parse(body)).toMatchObject({ status, code: expect.stringMatching(/^HTTP\./) });
});

it('answers an upload without a key before the upload has ended', async () => {
  const socket = connect(Number(new URL(gateway.api).port), '127.0.0.1');
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    socket
      .on('data', (chunk) => (text += chunk.toString()))
      .on('close', () => resolve(text))
      .on('error', reject);
    socket.write(
      'POST /v1/updates HTTP/1.1\r\nHost: x\r\nContent-Type: application/gzip\r\nContent-Length: 1000000000\r\n\r\nabc',
    );
  });
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  expect(answer).toMatch(/connection: close/i);
});

it('says that the service is away while the database is', async () => {
  await gateway.postgres.kill();
  const away = await request(gateway.api).get('/v1/pods').set('Authorization', `Bearer ${admin}`);
  await gateway.postgres.start();
  expect(away.status).toBe(503);
  expect(away.headers['retry-after']).toBe('1');
  await expect
    .poll(
      async () => (await request(gateway.api).get('/v1/pods').set('Authorization', `Bearer ${admin}`)).status,
      {
        timeout: 10_000,
      },
    )
    .toBe(200);
});
