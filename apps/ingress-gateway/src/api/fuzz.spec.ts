import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { entriesOf, Uploader } from '../../test/uploads.js';
import type { EndpointSpec } from './endpoint.js';
import { apiEndpoints } from './endpoints.js';

type Method = EndpointSpec['method'];

let gateway: TestGateway;
let key: string;
const uploadPaths: string[] = [];

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.apply([pod('shop', 'acme')]);
  key = await gateway.key('*', 'admin');
  const uploader = new Uploader(gateway, key);
  const { headers } = await uploader.create(500).expect(201);
  const { body } = await uploader.differences(entriesOf({ x: 'content' })).expect(201);
  uploadPaths.push(headers.location as string, `/v1/uploads/differences/${body.id}`);
});
afterAll(() => gateway.close());

interface Asked {
  method: Method;
  path: string;
  type?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

function ask({
  method,
  path,
  type,
  headers = {},
  body,
}: Asked): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(gateway.api, {
      method: method.toUpperCase(),
      path,
      headers: {
        authorization: `Bearer ${key}`,
        ...(type ? { 'content-type': type } : {}),
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      const contentType = answered['content-type'] ?? '';
      if (contentType.startsWith('text/event-stream')) {
        outgoing.destroy();
        resolve({ status, type: contentType, text: '' });
      } else text(response).then((read) => resolve({ status, type: contentType, text: read }), reject);
    });
    outgoing.end(body);
  });
}

/** No fault of our own, no stack or statement told, and every refusal a problem with a code. */
async function refusesWell(asked: Asked): Promise<void> {
  const { status, type, text: told } = await ask(asked);
  expect(status, JSON.stringify(asked)).toBeLessThan(500);
  expect(told).not.toMatch(/\bat .*\.(ts|js):\d+|select |insert |node_modules/i);
  if (status < 400) return;
  // The answer to HEAD has no body.
  if (asked.method === 'head') return;
  expect(type).toContain('application/problem+json');
  expect(JSON.parse(told)).toMatchObject({ status, code: expect.stringMatching(/^[A-Z_]+\.[A-Z_]+$/) });
}

const endpoints = apiEndpoints();
const anyEndpoint = fc.constantFrom(...endpoints);
const hostile = fc.oneof(
  fc.constantFrom('\ud800', 'a\u0000b'),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    "'; drop table x; --",
    '$(id)',
    '`id`',
    '../../etc/passwd',
    '%00',
    '\u0000',
    '{{7*7}}',
    'a'.repeat(4_000),
  ),
  fc.double().map(String),
  fc.bigInt().map(String),
);
const segment = hostile.map((value) => encodeURIComponent(Buffer.from(value).toString()));

function addressOf(path: string): fc.Arbitrary<string> {
  const parts = path.split('/').map((part) => (part.startsWith(':') ? segment : fc.constant(part)));
  return fc.tuple(...parts).map((all) => all.join('/'));
}

describe('whatever is asked', () => {
  it('in paths and queries', async () => {
    const asked = anyEndpoint.chain(({ method, path }) =>
      fc.record({
        method: fc.constant(method),
        path: fc
          .tuple(
            addressOf(path),
            fc.array(
              fc.tuple(
                fc.oneof(
                  segment,
                  fc.constantFrom(
                    'pod',
                    'limit',
                    'before',
                    'state',
                    'after',
                    'type',
                    'prune',
                    'label',
                    'queue',
                  ),
                ),
                segment,
              ),
              { maxLength: 4 },
            ),
          )
          .map(([address, query]) => `${address}?${query.map((pair) => pair.join('=')).join('&')}`),
      }),
    );
    await fc.assert(fc.asyncProperty(asked, refusesWell), { numRuns: 700 });
  }, 120_000);

  it('in JSON bodies', async () => {
    const field = fc.constantFrom(
      'pod',
      'release',
      'label',
      'client',
      'role',
      'reason',
      'apiVersion',
      'pods',
      'queue',
      'limit',
      '__proto__',
      'constructor',
    );
    const anyEntry = fc.record({
      path: fc.oneof(hostile, fc.constantFrom('podway.yaml', 'a/b', '../x')),
      kind: fc.constantFrom('file', 'directory', 'symlink', 'socket'),
      size: fc.oneof(fc.integer(), fc.constant(undefined)),
      sha256: fc.constantFrom('a'.repeat(64), 'x', undefined),
      target: fc.oneof(hostile, fc.constant(undefined)),
    });
    const document = fc.oneof(
      fc.record({ client: fc.constant('acme'), role: fc.constant('viewer'), note: hostile }),
      fc.record({ pod: fc.constant('shop'), label: hostile }),
      fc.record({ reason: hostile }),
      fc.record({ pod: fc.constant('shop'), artifact: fc.oneof(hostile, fc.constant('a'.repeat(64))) }),
      fc.record({ pod: fc.constant('shop'), entries: fc.array(anyEntry, { maxLength: 5 }) }),
      fc.record({ bytes: fc.oneof(fc.integer(), hostile), files: fc.integer() }),
      fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }),
      fc.dictionary(field, fc.oneof(fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), hostile)),
    );
    const withBody = fc.constantFrom(...endpoints.filter(({ body }) => body?.json));
    const asked = fc.record({ endpoint: withBody, body: document }).map(({ endpoint, body }): Asked => ({
      method: endpoint.method,
      path: endpoint.path.replace(':id', '01HZZZZZZZZZZZZZZZZZZZZZZZ'),
      type: 'application/json',
      body: JSON.stringify(body),
    }));
    await fc.assert(fc.asyncProperty(asked, refusesWell), { numRuns: 700 });
  }, 120_000);

  it('in bytes and headers', async () => {
    const asked = fc.record({
      method: fc.constantFrom<Method>('post', 'put', 'get', 'delete', 'patch', 'options'),
      path: fc.constantFrom(
        '/v1/updates?pod=shop',
        '/v1/pods',
        '/v1/keys',
        '/v1/events',
        '/v1/dead-letters/replay',
        '/v1/uploads',
        '/v1/uploads/differences',
        ...uploadPaths,
      ),
      type: fc.constantFrom(
        'application/gzip',
        'application/x-tar',
        'application/json',
        'application/json;charset=x',
        'application/offset+octet-stream',
        'x/y',
        ';',
        '',
      ),
      headers: fc.dictionary(
        fc.constantFrom(
          'idempotency-key',
          'last-event-id',
          'traceparent',
          'content-encoding',
          'accept',
          'if-none-match',
          'x-forwarded-for',
          'tus-resumable',
          'upload-length',
          'upload-offset',
          'upload-metadata',
          'upload-defer-length',
          'upload-concat',
          'x-http-method-override',
        ),
        fc.oneof(
          fc.string({ maxLength: 40 }),
          fc.constantFrom('1.0.0', '0', '5', '-1', '1e9', 'pod c2hvcA=='),
        ),
      ),
      body: fc.oneof(fc.uint8Array({ maxLength: 2_000 }), fc.string({ maxLength: 200 })),
    });
    await fc.assert(fc.asyncProperty(asked, refusesWell), { numRuns: 700 });
  }, 120_000);
});
