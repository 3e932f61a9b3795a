import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shopBundle } from '../../test/bundle.js';
import { appendChange, insertDeployment } from '../../test/deployments.js';
import { DocumentedAnswers } from '../../test/documented-answers.js';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { apiEndpoints } from './endpoints.js';

interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>>;
}

const trust = {
  ...{ issuer: 'https://ci.example', audience: 'podway', client: 'acme', role: 'publisher', pods: ['shop'] },
  claims: [{ name: 'sub', value: 'x' }],
};
const delegation = {
  ...{ client: 'acme', pods: ['shop'], toClient: 'made', rights: ['publish'] },
  until: '2090-01-01T00:00:00Z',
};

let gateway: TestGateway;
let admin: string;
let document: OpenApi;
let ajv: Ajv2020;

beforeAll(async () => {
  gateway = await startGateway();
  admin = await gateway.key('*', 'admin');
  await gateway.apply([pod('shop', 'acme', { hosts: ['shop.example'] })]);
  document = (await request(gateway.api).get('/openapi.json').expect(200)).body as OpenApi;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi');
});
afterAll(() => gateway.close());

function schemaOf(method: string, path: string, status: number): ValidateFunction {
  const types = document.paths[path]?.[method]?.responses[status]?.content ?? {};
  const [type = ''] = Object.keys(types);
  const escape = (part: string): string =>
    encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
  const pointer = ['paths', path, method, 'responses', String(status), 'content', type, 'schema']
    .map(escape)
    .join('/');
  const validate = ajv.getSchema(`openapi#/${pointer}`);
  if (!validate) throw new Error(`no schema for ${method} ${path} ${status}`);
  return validate;
}

it('is served as it is committed, and lists every endpoint', () => {
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(listed.sort()).toEqual(
    apiEndpoints()
      .map(({ method, path }) => `${method} ${path.replace(/:([a-z]+)/g, '{$1}')}`)
      .sort(),
  );
});

describe('answers are what the document says', () => {
  it.each<[string, string, number, (id: string) => Promise<request.Response>]>([
    ['get', '/v1/pods', 200, () => get('/v1/pods')],
    ['get', '/v1/fleet', 200, () => get('/v1/fleet')],
    ['get', '/v1/caller', 200, () => get('/v1/caller')],
    ['get', '/v1/pods/{id}', 200, () => get('/v1/pods/shop')],
    ['get', '/v1/pods/{id}', 404, () => get('/v1/pods/none')],
    ['get', '/v1/pods/{id}/releases', 200, () => get('/v1/pods/shop/releases')],
    ['get', '/v1/deployments', 200, () => get('/v1/deployments')],
    ['get', '/v1/deployments/{id}', 200, (id) => get(`/v1/deployments/${id}`)],
    ['get', '/v1/deployments', 422, () => get('/v1/deployments?limit=0')],
    ['post', '/v1/deployments/{id}/abort', 202, (id) => send('post', `/v1/deployments/${id}/abort`)],
    ['get', '/v1/dead-letters', 200, () => get('/v1/dead-letters')],
    ['post', '/v1/dead-letters/replay', 200, () => send('post', '/v1/dead-letters/replay')],
    ['post', '/v1/keys', 201, () => send('post', '/v1/keys', { client: 'acme', role: 'viewer' })],
    ['get', '/v1/keys', 200, () => get('/v1/keys')],
    ['post', '/v1/clients', 201, () => send('post', '/v1/clients', { name: 'made', note: 'x' })],
    ['get', '/v1/clients', 200, () => get('/v1/clients')],
    ['get', '/v1/clients/{id}', 200, () => get('/v1/clients/acme')],
    ['put', '/v1/clients/{id}', 200, () => send('put', '/v1/clients/acme', { note: 'y' })],
    [
      'put',
      '/v1/clients/{id}/variables',
      200,
      () => send('put', '/v1/clients/acme/variables', { set: { edition: 'pro', key: { file: '/s/key' } } }),
    ],
    ['get', '/v1/clients/{id}/variables', 200, () => get('/v1/clients/acme/variables')],
    ['post', '/v1/trusts', 201, () => send('post', '/v1/trusts', trust)],
    ['get', '/v1/trusts', 200, () => get('/v1/trusts')],
    ['post', '/v1/delegations', 201, () => send('post', '/v1/delegations', delegation)],
    ['get', '/v1/delegations', 200, () => get('/v1/delegations')],
    [
      'put',
      '/v1/pods',
      200,
      () => send('put', '/v1/pods', { apiVersion: 'podway/v1', pods: [pod('blog', 'acme')] }),
    ],
    [
      'post',
      '/v1/updates',
      202,
      async () =>
        request(gateway.api)
          .post('/v1/updates')
          .set('Authorization', `Bearer ${admin}`)
          .type('application/gzip')
          .send(await shopBundle()),
    ],
  ])('%s %s %i', async (method, path, status, ask) => {
    const deployment = await insertDeployment(gateway.dataSource, {
      state: 'Installing',
      saga: {
        label: 'x',
        canary: 's1',
        servers: [{ name: 's1', result: 'switched', fingerprint: 'a'.repeat(64) }],
        snapshot: { server: 's1', fingerprint: 'b'.repeat(64) },
        failure: { code: 'A.B', detail: 'x', step: 'Installing' },
      },
    });
    await appendChange(gateway.dataSource, deployment, { to: 'Installing', cause: 'SnapshotTaken' });
    const answer = await ask(deployment.id);
    expect(answer.status).toBe(status);
    const validate = schemaOf(method, path, status);
    validate(answer.body);
    expect(validate.errors ?? []).toEqual([]);
  });
});

async function get(path: string): Promise<request.Response> {
  return request(gateway.api).get(path).set('Authorization', `Bearer ${admin}`);
}

async function send(method: 'post' | 'put', path: string, body?: object): Promise<request.Response> {
  return request(gateway.api)[method](path).set('Authorization', `Bearer ${admin}`).send(body);
}

it('an answer that the document does not have is told when the test ends', async () => {
  const answers = new DocumentedAnswers();
  const server = createServer((asked, response) => {
    const [status, body] = JSON.parse(decodeURIComponent(asked.url?.split('?')[1] ?? '')) as [number, object];
    response.setHeader('content-type', 'application/json');
    response.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  answers.watch(port);
  for (const answer of [
    [200, { pods: [] }],
    [200, { pods: [], more: 1 }],
    [200, {}],
    [418, {}],
  ])
    await fetch(`http://127.0.0.1:${port}/v1/pods?${JSON.stringify(answer)}`);
  await new Promise((resolve) => server.close(resolve));
  expect(() => answers.close()).toThrow(
    /get \/v1\/pods 200: .*"more".*\n.*'pods'.*\nget \/v1\/pods 418: no application\/json$/,
  );
});
