import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request as httpsRequest } from 'node:https';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putPair, selfSigned } from '../../test/certificates.js';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { rawClient } from '../../test/raw-client.js';
import { startUpstream, type Upstream } from '../../test/upstream.js';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import type { AccessListener } from './access-listener.js';

let gateway: TestGateway;
let site: Upstream;
let key: string;
let shared: { accesses: AccessListener; close(): Promise<void> };

beforeAll(async () => {
  gateway = await startGateway();
  key = await gateway.key('*', 'admin');
});
afterAll(() => gateway.close());
beforeEach(async () => {
  site = await startUpstream('the site');
  await gateway.apply([
    pod('shop', 'acme', { hosts: ['shop.example', 'claimed.example'], urls: [site.url] }),
  ]);
  await share({});
});
afterEach(async () => {
  await shared.close();
  await site.stop();
});

/** Starts the gateway with one port for both. */
async function share(settings: Partial<IngressGatewaySettings>): Promise<void> {
  await shared?.close();
  shared = await gateway.startShared({
    apiHosts: 'podway.example,claimed.example',
    defaultPod: 'shop',
    ...settings,
  });
}

async function say(raw: string): Promise<string> {
  const client = rawClient(shared.accesses.port);
  client.say(raw);
  return client.closed();
}

const get = (path: string, host: string, headers = ''): Promise<string> =>
  say(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`);
const authorized = (): string => `Authorization: Bearer ${key}\r\n`;

describe('one port', () => {
  it('tells the API from accesses by the host', async () => {
    expect(await get('/v1/pods', 'podway.example', authorized())).toMatch(/^HTTP\/1\.1 200 OK[^]*"shop"/);
    expect(await get('/v1/pods', 'Podway.Example.:8080')).toMatch(/^HTTP\/1\.1 401 [^]*problem\+json/);
    expect(await get('/livez', 'podway.example')).toMatch(/^HTTP\/1\.1 200 /);
    expect(site.asked).toHaveLength(0);
    expect(await get('/v1/pods', 'shop.example', authorized())).toContain('the site');
    expect(await get('/', 'anything.example')).toContain('the site');
    expect(site.asked).toHaveLength(2);
  });

  it('decides for each request of a connection anew', async () => {
    const client = rawClient(shared.accesses.port);
    for (let n = 0; n < 5; n += 1) {
      client.say(`GET /v1/pods HTTP/1.1\r\nHost: podway.example\r\n\r\n`);
      await expect.poll(() => client.heard.match(/ 401 /g)?.length).toBe(n + 1);
      client.say(`GET /v1/pods HTTP/1.1\r\nHost: shop.example\r\n\r\n`);
      await expect.poll(() => client.heard.match(/the site/g)?.length).toBe(n + 1);
    }
    // Both at once, in their order.
    client.say(
      'GET /v1/pods HTTP/1.1\r\nHost: podway.example\r\n\r\n' +
        'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
    );
    const all = await client.closed();
    expect(all.match(/ 401 /g)).toHaveLength(6);
    expect(all.match(/the site/g)).toHaveLength(6);
  });

  it.each([
    ['a host that a POD claims too', 'GET /v1 HTTP/1.1\r\nHost: claimed.example', '404'],
    ['a whole URL', 'GET http://podway.example/v1/pods HTTP/1.1\r\nHost: podway.example', '401'],
    [
      'the API in a whole URL at a POD',
      'GET http://podway.example/v1/pods HTTP/1.1\r\nHost: shop.example',
      '400',
    ],
    [
      'a POD in a whole URL at the API',
      'GET http://shop.example/v1/pods HTTP/1.1\r\nHost: podway.example',
      '400',
    ],
    ['a user in the URL', 'GET http://podway.example@shop.example/ HTTP/1.1\r\nHost: podway.example', '400'],
    [
      'two hosts, the API first',
      'GET /v1/pods HTTP/1.1\r\nHost: podway.example\r\nHost: shop.example',
      '400',
    ],
    [
      'two hosts, the POD first',
      'GET /v1/pods HTTP/1.1\r\nHost: shop.example\r\nHost: podway.example',
      '400',
    ],
    ['another target', 'OPTIONS * HTTP/1.1\r\nHost: podway.example', '400'],
  ])('leaves nothing open: %s', async (_, head, status) => {
    const answer = await say(`${head}\r\nConnection: close\r\n\r\n`);
    expect(answer.slice(9, 12)).toBe(status);
    expect(site.asked).toHaveLength(0);
  });

  it('gives the API to nobody by X-Forwarded-Host, an upgrade or a path', async () => {
    await get('/v1/pods', 'shop.example', 'X-Forwarded-Host: podway.example\r\n');
    await get('/../v1/pods', 'shop.example');
    await get('//podway.example/v1/pods', 'shop.example');
    expect(site.asked.map(({ url }) => url)).toEqual(['/v1/pods', '/../v1/pods', '//podway.example/v1/pods']);
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await say(`GET /v1/events HTTP/1.1\r\nHost: podway.example\r\n${upgrade}`)).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect(await say(`GET /v1/pods HTTP/1.1\r\nHost: shop.example\r\n${upgrade}`)).toContain('the site');
  });

  it('has the API at some paths only, where it is told so', async () => {
    await share({ apiPaths: '/v1/,/livez' });
    expect(await get('/v1/pods', 'podway.example')).toMatch(/^HTTP\/1\.1 401 /);
    expect(await get('/livez', 'podway.example')).toMatch(/^HTTP\/1\.1 200 /);
    for (const path of ['/', '/v1', '/readyz', '/V1/pods']) {
      expect(await get(path, 'podway.example')).toContain('404 ACCESS.NOT_HERE');
    }
    expect(site.asked).toHaveLength(0);
  });

  it('takes uploads to the API as its own port does', async () => {
    const body = Buffer.alloc(2_000_000, 'x');
    const client = rawClient(shared.accesses.port);
    client.say(
      `POST /v1/keys HTTP/1.1\r\nHost: podway.example\r\nConnection: close\r\n${authorized()}` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    await client.hears('100 Continue');
    client.say(body);
    expect(await client.closed()).toContain('HTTP.BODY_TOO_LARGE');
  });

  it('keeps the limits of the API for the API, and those of accesses for accesses', async () => {
    await share({ apiRequestTimeoutMs: 300, maxAccessBodyBytes: 10, accessRequestTimeoutMs: 60_000 });
    const begun = 'POST /v1/keys HTTP/1.1\r\nContent-Type: application/json\r\n';
    const api = rawClient(shared.accesses.port);
    api.say(`${begun}Host: podway.example\r\n${authorized()}Content-Length: 20\r\n\r\n{`);
    const access = rawClient(shared.accesses.port);
    site.answer((request, response) => void request.pipe(response));
    access.say(`${begun}Host: shop.example\r\nContent-Length: 2\r\n\r\n{`);
    expect(await api.closed()).toMatch(/^HTTP\/1\.1 408 /);
    expect(access.isClosed).toBe(false);
    access.say('}');
    await access.hears('}\r\n0\r\n\r\n');
    const large = rawClient(shared.accesses.port);
    large.say(`${begun}Host: shop.example\r\nContent-Length: 11\r\n\r\n`);
    await large.hears('413 ACCESS.TOO_LARGE');
    for (const client of [access, large]) client.socket.destroy();
  });

  it('waits for requests to the API when it stops', async () => {
    const client = rawClient(shared.accesses.port);
    client.say(
      `POST /v1/keys HTTP/1.1\r\nHost: podway.example\r\n${authorized()}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{`,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = shared.close();
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    client.say('}');
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 422 [^]*Connection: close/);
    await closed;
  });

  it('serves the API over TLS too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podway-tls-'));
    await putPair(
      join(folder, 'default.crt'),
      join(folder, 'default.key'),
      await selfSigned(['podway.example']),
    );
    await share({ accessTlsPort: 0, tlsDir: folder });
    const status = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        httpsRequest(
          {
            port: shared.accesses.tlsPort,
            path: '/v1/pods',
            agent: false,
            rejectUnauthorized: false,
            servername: host,
            headers: { host, authorization: `Bearer ${key}` },
          },
          (response) => resolve(response.resume().statusCode),
        )
          .on('error', reject)
          .end();
      });
    expect(await status('podway.example')).toBe(200);
    expect(site.asked).toHaveLength(0);
    expect(await status('shop.example')).toBe(200);
    expect(site.asked).toHaveLength(1);
    await rm(folder, { recursive: true, force: true });
  });
});

it('separate ports: a POD may have any host, and the API answers to any on its own', async () => {
  const accesses = await gateway.startAccesses({ defaultPod: 'shop' });
  const client = rawClient(accesses.port);
  client.say(`GET /v1/pods HTTP/1.1\r\nHost: podway.example\r\nConnection: close\r\n${authorized()}\r\n`);
  expect(await client.closed()).toContain('the site');
  const response = await fetch(`${gateway.api}/v1/pods`, { headers: { authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  expect(site.asked).toHaveLength(1);
});

it('one port for both needs the hosts of the API', async () => {
  await expect(gateway.startShared({ apiPort: 7788, accessPort: 7788 })).rejects.toMatchObject({
    code: 'SETTINGS.INVALID',
    message: expect.stringContaining('PODWAY_API_HOSTS') as string,
  });
});
