import { describe, expect, it } from 'vitest';
import { accessScene } from '../../test/access-scene.js';
import { pod } from '../../test/gateway.js';
import { rawClient, type RawClient } from '../../test/raw-client.js';

const { ask, asked, gateway, out, port, restart, upstreams } = accessScene();

function says(raw: string): RawClient {
  const client = rawClient(port());
  client.say(raw);
  return client;
}

const post = (headers: string, host = 'solo.example'): string =>
  `POST / HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;

describe('a body that is too large', () => {
  it('is refused by what it says of itself', async () => {
    await restart({ maxAccessBodyBytes: 1_000 });
    expect((await ask('/', { host: 'solo.example', method: 'POST', body: 'x'.repeat(1_000) })).status).toBe(
      200,
    );
    const answer = await ask('/', { host: 'solo.example', method: 'POST', body: 'x'.repeat(1_001) });
    expect([answer.status, answer.body]).toEqual([
      413,
      '413 ACCESS.TOO_LARGE: The body of this request is too large.\n',
    ]);
    expect(asked()[0]).toBe(1);
  });

  it('is refused where it exceeds, and the server hears no end of it', async () => {
    await restart({ maxAccessBodyBytes: 100_000 });
    let received = 0;
    let ended = false;
    upstreams()[0]?.answer((request) => {
      request.on('data', (chunk: Buffer) => (received += chunk.length)).on('end', () => (ended = true));
      request.on('error', () => undefined);
    });
    const client = says(post('Transfer-Encoding: chunked\r\n'));
    for (let n = 0; n < 30; n += 1) client.say(`1388\r\n${'x'.repeat(5_000)}\r\n`);
    expect(await client.hears('ACCESS.TOO_LARGE')).toMatch(/^HTTP\/1\.1 413 /);
    // What is left is thrown away for a while, and then the connection goes.
    await client.closed();
    expect(received).toBeLessThanOrEqual(100_000);
    expect(ended).toBe(false);
  });

  it('is what its POD says, up or down', async () => {
    await restart({ maxAccessBodyBytes: 10 });
    const url = upstreams()[0]?.url ?? '';
    await gateway().apply([
      pod('large', 'acme', { hosts: ['large.example'], urls: [url], accesses: { maxBodyBytes: 100 } }),
      pod('none', 'acme', { hosts: ['none.example'], urls: [url], accesses: { maxBodyBytes: 0 } }),
    ]);
    await out('large', { s1: true });
    const status = async (host: string, length: number): Promise<number> =>
      (await ask('/', { host, method: 'POST', body: 'x'.repeat(length) })).status;
    expect(await status('large.example', 100)).toBe(200);
    expect(await status('large.example', 101)).toBe(413);
    expect(await status('none.example', 1)).toBe(413);
    expect(await status('solo.example', 11)).toBe(413);
  });

  it('is not asked for when the user waits to be told to go on', async () => {
    await restart({ maxAccessBodyBytes: 10 });
    const client = says(post('Content-Length: 11\r\nExpect: 100-continue\r\n'));
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*Connection: close/);
    expect(answer).not.toContain('100 Continue');
    upstreams()[0]?.answer((request, response) => void request.pipe(response));
    const good = says(post('Content-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n'));
    await good.hears('100 Continue');
    good.say('body');
    expect(await good.closed()).toMatch(/200 OK[^]*body/);
  });
});

describe('a request that takes too long', () => {
  it.each([
    ['nothing', ''],
    ['half a line', 'GET / HT'],
    ['half of its headers', 'GET / HTTP/1.1\r\nHost: solo.example\r\nX-Slow: '],
  ])('with %s is told so and ended', async (_, raw) => {
    await restart({ headersTimeoutMs: 300 });
    const client = says(raw);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 [^]*408 ACCESS\.REQUEST_TIMEOUT/);
  });

  it('is ended although it goes on, header by header', async () => {
    await restart({ headersTimeoutMs: 400 });
    const client = says('GET / HTTP/1.1\r\nHost: solo.example\r\n');
    const drip = setInterval(() => client.say('X-More: 1\r\n'), 50);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
    expect(asked()[0]).toBe(0);
  });

  it('for the next part of its body is told so, and the server is let go of', async () => {
    await restart({ accessBodyIdleMs: 200 });
    let left = false;
    upstreams()[0]?.answer((request) => request.resume().on('error', () => (left = true)));
    const client = says(`${post('Content-Length: 10\r\n')}12345`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 [^]*ACCESS\.REQUEST_TIMEOUT/);
    await expect.poll(() => left).toBe(true);
  });

  it('as a whole is ended although its body goes on, byte by byte', async () => {
    await restart({ accessRequestTimeoutMs: 500 });
    upstreams()[0]?.answer((request) => void request.resume().on('error', () => undefined));
    const client = says(post('Content-Length: 1000\r\n'));
    const drip = setInterval(() => client.say('x'), 50);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
  });

  it('with a body that the server did not want loses its connection', async () => {
    const client = says(`${post('Content-Length: 1000\r\n')}x`);
    await client.hears('200 OK');
    const drip = setInterval(() => client.say('x'), 50);
    await client.closed();
    clearInterval(drip);
  });

  it('waits for the server only as long as its POD says', async () => {
    const url = upstreams()[0]?.url ?? '';
    await gateway().apply([
      pod('quick', 'acme', { hosts: ['quick.example'], urls: [url], accesses: { responseTimeoutMs: 100 } }),
    ]);
    await out('quick', { s1: true });
    upstreams()[0]?.answer(() => undefined);
    expect((await ask('/', { host: 'quick.example' })).status).toBe(504);
    // A server that does not take the body is waited for no longer.
    const body = Buffer.alloc(20 * 1024 * 1024);
    const answer = await ask('/', { host: 'quick.example', method: 'POST', body }).catch(() => undefined);
    expect(answer?.status ?? 504).toBe(504);
  });
});

it('headers that are too large are refused', async () => {
  await restart({ maxHeaderBytes: 2_000 });
  const client = says(`GET / HTTP/1.1\r\nHost: solo.example\r\nX-Large: ${'x'.repeat(3_000)}\r\n\r\n`);
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 431 [^]*431 ACCESS\.HEADERS_TOO_LARGE/);
  const many = says(`GET / HTTP/1.1\r\n${'a:\r\n'.repeat(2_500)}Host: solo.example\r\n\r\n`);
  expect(await many.closed()).toMatch(/^HTTP\/1\.1 431 /);
});

it('a user who does not take the response is cut off, and the server let go of', async () => {
  await restart({ accessSendTimeoutMs: 300 });
  let left = false;
  upstreams()[0]?.answer((_, response) => {
    response.on('close', () => (left = true));
    response.end(Buffer.alloc(50 * 1024 * 1024));
  });
  const client = says('GET / HTTP/1.1\r\nHost: solo.example\r\n\r\n');
  client.socket.pause();
  await expect.poll(() => left, { timeout: 5_000 }).toBe(true);
  client.socket.destroy();
});

describe('connections', () => {
  const get = 'GET / HTTP/1.1\r\nHost: solo.example\r\nConnection: close\r\n\r\n';

  it('from one address are bounded; others are unharmed', async () => {
    await restart({ maxConnectionsPerAddress: 5 });
    const idle = Array.from({ length: 5 }, () => rawClient(port()));
    await expect.poll(() => idle.every(({ socket }) => !socket.connecting)).toBe(true);
    const refused = says(get);
    expect(await refused.closed()).toMatch(/^HTTP\/1\.1 503 [^]*503 ACCESS\.TOO_MANY_CONNECTIONS/);
    const other = rawClient(port(), '127.0.0.2');
    other.say(get);
    expect(await other.closed()).toMatch(/^HTTP\/1\.1 200 /);
    idle[0]?.socket.destroy();
    await expect.poll(async () => (await says(get).closed()).slice(9, 12)).toBe('200');
    for (const { socket } of idle) socket.destroy();
  });

  it('are bounded as a whole', async () => {
    await restart({ maxConnections: 2 });
    const idle = [rawClient(port()), rawClient(port(), '127.0.0.2')];
    await expect.poll(() => idle.every(({ socket }) => !socket.connecting)).toBe(true);
    const refused = rawClient(port(), '127.0.0.3');
    refused.say(get);
    expect(await refused.closed()).toContain('ACCESS.TOO_MANY_CONNECTIONS');
    expect(asked()).toEqual([0, 0, 0]);
    for (const { socket } of idle) socket.destroy();
  });

  it('are not counted by address behind a proxy', async () => {
    await restart({ maxConnectionsPerAddress: 1, trustForwarded: true });
    const first = rawClient(port());
    expect(await says(get).closed()).toMatch(/^HTTP\/1\.1 200 /);
    first.socket.destroy();
  });
});
