import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PodwayError } from '@podway/contracts';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';
import { accessScene } from '../../test/access-scene.js';
import { putPair, selfSigned, type Pair } from '../../test/certificates.js';
import { pod } from '../../test/gateway.js';
import { rawClientOn } from '../../test/raw-client.js';

const { gateway, out, restart, tlsPort, upstreams } = accessScene();
let folder: string;
let pairs: { shop: Pair; newShop: Pair; wildcard: Pair; other: Pair };
const logged: string[] = [];

beforeAll(async () => {
  const [shop, newShop, wildcard, other] = await Promise.all([
    selfSigned(['shop.example']),
    selfSigned(['shop.example']),
    selfSigned(['*.shops.example']),
    selfSigned(['gateway.test']),
  ]);
  pairs = { shop, newShop, wildcard, other };
  folder = await mkdtemp(join(tmpdir(), 'podway-tls-'));
  gateway().context.logger.error = ({ err }: { err: PodwayError }) =>
    void logged.push(`${err.code} ${err.message}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  logged.length = 0;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await put('shop.example', pairs.shop);
  await restart({ accessTlsPort: 0, tlsDir: folder, tlsPollMs: 30 });
});

const put = (name: string, pair: Pair): Promise<void> =>
  putPair(join(folder, `${name}.crt`), join(folder, `${name}.key`), pair);

/** The certificate that the gateway shows to who asks for `servername`, or why it shows none. */
function shown(servername?: string, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect(
      {
        port: tlsPort(),
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...(servername ? { servername } : {}),
        ...options,
      },
      () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? 'none');
        socket.destroy();
      },
    );
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`refused: ${error.code}`));
  });
}

const print = ({ cert }: Pair): string => new X509Certificate(cert).fingerprint256;

function ask(host: string, path = '/', headers = {}): Promise<{ response: IncomingMessage; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({
      port: tlsPort(),
      path,
      agent: false,
      servername: host,
      rejectUnauthorized: false,
      headers: { host, ...headers },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      text(response).then((body) => resolve({ response, body }), reject);
    });
    outgoing.end();
  });
}

describe('the certificate', () => {
  it('is that of the name that is asked for', async () => {
    await put('_.shops.example', pairs.wildcard);
    await put('default', pairs.other);
    await expect.poll(() => shown('other.shops.example')).toBe(print(pairs.wildcard));
    await expect.poll(() => shown('gateway.test')).toBe(print(pairs.other));
    expect(await shown('shop.example')).toBe(print(pairs.shop));
    expect(await shown('SHOP.example')).toBe(print(pairs.shop));
    expect(await shown('deep.other.shops.example')).toBe(print(pairs.other));
    expect(await shown()).toBe(print(pairs.other));
  });

  it('is refused to a name that has none', async () => {
    expect(await shown('nobody.example')).toMatch(/^refused: /);
    expect(await shown()).toMatch(/^refused: /);
    expect(await shown('shop.example')).toBe(print(pairs.shop));
  });

  it('may lie as certbot lays it', async () => {
    await mkdir(join(folder, 'solo.example'));
    const solo = await selfSigned(['solo.example']);
    await putPair(join(folder, 'solo.example/fullchain.pem'), join(folder, 'solo.example/privkey.pem'), solo);
    await expect.poll(() => shown('solo.example')).toBe(print(solo));
  });

  it('is read again when it changes, and forgotten when it is gone; connections stay', async () => {
    const socket = connect({
      port: tlsPort(),
      host: '127.0.0.1',
      servername: 'shop.example',
      rejectUnauthorized: false,
    });
    const client = rawClientOn(socket);
    client.say('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    await client.hears('200 OK');
    await put('shop.example', pairs.newShop);
    await expect.poll(() => shown('shop.example')).toBe(print(pairs.newShop));
    await rm(join(folder, 'shop.example.crt'));
    await expect.poll(() => shown('shop.example')).toMatch(/^refused: /);
    client.say('GET /again HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n');
    expect((await client.closed()).match(/200 OK/g)).toHaveLength(2);
  });

  it.each<[string, () => Pair, string]>([
    ['a key of another', () => ({ cert: pairs.newShop.cert, key: pairs.shop.key }), 'shop.example'],
    ['no certificate', () => ({ cert: 'nonsense', key: pairs.newShop.key }), 'shop.example'],
    [
      'half a certificate',
      () => ({ ...pairs.newShop, cert: pairs.newShop.cert.slice(0, 200) }),
      'shop.example',
    ],
    ['that of another name', () => pairs.other, 'it is for another name'],
    ['nothing', () => ({ cert: '', key: '' }), 'shop.example'],
  ])('that was good stays when the new one is bad: %s', async (_, bad, told) => {
    await put('shop.example', bad());
    await expect.poll(() => logged.join('')).toContain(told);
    expect(logged.join('')).toContain('TLS.BAD_CERTIFICATE');
    expect(await shown('shop.example')).toBe(print(pairs.shop));
    // It may have been looked at between its two files, and then again.
    await sleep(150);
    logged.length = 0;
    await sleep(150);
    // Told once.
    expect(logged).toEqual([]);
    await put('shop.example', pairs.newShop);
    await expect.poll(() => shown('shop.example')).toBe(print(pairs.newShop));
  });

  it('that has expired is not taken', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 86_400_000 });
    try {
      await put('shop.example', pairs.newShop);
      await expect.poll(() => logged.join('')).toContain('it has expired');
      expect(await shown('shop.example')).toBe(print(pairs.shop));
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is bad at the start keeps no other from being used', async () => {
    await writeFile(join(folder, 'bad.example.crt'), 'nonsense');
    await writeFile(join(folder, 'bad.example.key'), 'nonsense');
    await writeFile(join(folder, 'lonely.crt'), pairs.shop.cert);
    await writeFile(join(folder, 'README'), 'not a certificate');
    await restart({ accessTlsPort: 0, tlsDir: folder, tlsPollMs: 30 });
    expect(await shown('bad.example')).toMatch(/^refused: /);
    expect(await shown('shop.example')).toBe(print(pairs.shop));
  });
});

it('TLS is 1.2 or newer', async () => {
  const only = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): ConnectionOptions => ({
    minVersion: version,
    maxVersion: version,
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  expect(await shown('shop.example', only('TLSv1.1'))).toMatch(/^refused: /);
  expect(await shown('shop.example', only('TLSv1.2'))).toBe(print(pairs.shop));
  expect(await shown('shop.example', only('TLSv1.3'))).toBe(print(pairs.shop));
});

describe('over TLS', () => {
  it('a server is told so', async () => {
    const { body } = await ask('shop.example', '/x');
    expect(body).toMatch(/^(one|two|three)$/);
    const { headers } = upstreams().flatMap((one) => one.asked)[0] as IncomingMessage;
    expect(headers).toMatchObject({
      'x-forwarded-proto': 'https',
      forwarded: 'for=127.0.0.1;host="shop.example";proto=https',
    });
  });

  it('cookies of the gateway are Secure, and no access is sent to HTTPS', async () => {
    await gateway().apply([
      pod('shop', 'acme', {
        hosts: ['shop.example'],
        urls: upstreams().map((one) => one.url),
        accesses: { sticky: {}, redirectToHttps: true },
      }),
    ]);
    await out('shop', { s1: true });
    const { response } = await ask('shop.example');
    expect(response.statusCode).toBe(200);
    expect(response.headers['set-cookie']?.[0]).toMatch(/; Secure$/);
  });

  it('WebSocket works', async () => {
    for (const { server } of upstreams()) {
      new WebSocketServer({ server }).on('connection', (socket) => socket.send('hello'));
    }
    const socket = new WebSocket(`wss://127.0.0.1:${tlsPort()}/`, [], {
      servername: 'shop.example',
      rejectUnauthorized: false,
      headers: { host: 'shop.example' },
    } as ClientOptions);
    const heard = await new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(String(data as Buffer))).once('error', reject);
    });
    expect(heard).toBe('hello');
    socket.close();
  });

  it.each([
    ['plain HTTP', 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n'],
    ['nonsense', '\x16\x03\x01\x00\x05nonsense'],
  ])('%s harms nobody', async (_, raw) => {
    const { connect: connectPlain } = await import('node:net');
    const client = rawClientOn(connectPlain(tlsPort(), '127.0.0.1'));
    client.say(Buffer.from(raw, 'latin1'));
    await client.closed();
    expect((await ask('shop.example')).response.statusCode).toBe(200);
  });

  it('a handshake that is never finished is ended', async () => {
    await restart({ accessTlsPort: 0, tlsDir: folder, headersTimeoutMs: 200 });
    const { connect: connectPlain } = await import('node:net');
    const client = rawClientOn(connectPlain(tlsPort(), '127.0.0.1'));
    await client.closed();
  });
});

it('the folder of certificates must be named, and there', async () => {
  await expect(gateway().startAccesses({ accessTlsPort: 0 })).rejects.toMatchObject({
    code: 'SETTINGS.INVALID',
  });
  await expect(
    gateway().startAccesses({ accessTlsPort: 0, tlsDir: join(folder, 'missing') }),
  ).rejects.toMatchObject({ code: 'ENOENT' });
});
