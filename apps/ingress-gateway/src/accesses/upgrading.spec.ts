import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { accessScene } from '../../test/access-scene.js';
import { pod } from '../../test/gateway.js';
import { rawClient } from '../../test/raw-client.js';

const { ask, asked, gateway, port, restart, upstreams } = accessScene();

/** Servers of the scene that speak WebSocket: what they hear they say again, and `bye` ends it. */
function speakWebSocket(): void {
  for (const { name, server } of upstreams()) {
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket, { url }) => {
      socket.send(`${name} ${url}`);
      socket.on('message', (data, isBinary) => {
        if (String(data as Buffer) === 'bye') socket.close(4000, 'as asked');
        else socket.send(data as Buffer, { binary: isBinary });
      });
    });
  }
}

function webSocket(host = 'solo.example', path = '/chat?room=1'): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port()}${path}`, { headers: { host } });
}

function next(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('message', (data) => resolve(String(data as Buffer)));
    socket.once('error', reject);
  });
}

const asking = (headers: string, host = 'solo.example'): string =>
  `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n${headers}\r\n`;

describe('WebSocket', () => {
  it('goes both ways through the gateway, to the path that was asked for', async () => {
    speakWebSocket();
    const socket = webSocket();
    expect(await next(socket)).toBe('one /chat?room=1');
    const large = 'ä'.repeat(500_000);
    socket.send(large);
    expect(await next(socket)).toBe(large);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send('bye');
    expect(await closed).toBe(4000);
  });

  it('is offered to another server when one cannot be reached', async () => {
    speakWebSocket();
    await upstreams()[0]?.stop();
    for (let n = 0; n < 4; n += 1) {
      const socket = webSocket('shop.example');
      expect(await next(socket)).toMatch(/^(two|three) /);
      socket.close();
    }
  });

  it('takes turns with plain accesses', async () => {
    speakWebSocket();
    const socket = webSocket('shop.example');
    const first = (await next(socket)).split(' ')[0];
    const others = [(await ask()).body, (await ask()).body];
    expect([first, ...others].toSorted()).toEqual(['one', 'three', 'two']);
    socket.close();
  });

  it('tells the server who asks, and keeps the rest of what was said', async () => {
    let seen: IncomingMessage | undefined;
    upstreams()[0]?.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      seen = request;
      const key = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Own: yes\r\n` +
          `Sec-WebSocket-Accept: ${key}\r\n\r\nsaid at once`,
      );
      socket.on('data', (chunk: Buffer) => socket.write(`heard ${String(chunk)}`));
      socket.on('error', () => undefined);
    });
    const client = rawClient(port());
    client.say(`${asking('Upgrade: websocket\r\nSec-WebSocket-Key: abc\r\nX-Secret: 1\r\n')}behind it`);
    const answer = await client.hears('heard behind it');
    expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(answer).toMatch(/\r\nX-Own: yes\r\n/);
    expect(answer).toMatch(/\r\nUpgrade: websocket\r\n/i);
    expect(answer).toContain('\r\n\r\nsaid at once');
    expect(seen?.headers).toMatchObject({
      host: 'solo.example',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      upgrade: 'websocket',
      connection: 'Upgrade',
    });
    client.socket.destroy();
  });

  it('is let go of on both sides when one leaves', async () => {
    speakWebSocket();
    const left: string[] = [];
    upstreams()[0]?.server.on('upgrade', (_, socket: Duplex) =>
      socket.on('close', () => left.push('server')),
    );
    const first = webSocket();
    await next(first);
    first.terminate();
    await expect.poll(() => left).toEqual(['server']);

    let fromServer: Duplex | undefined;
    upstreams()[0]?.server.on('upgrade', (_, socket: Duplex) => (fromServer = socket));
    const second = webSocket();
    await next(second);
    const closed = new Promise<number>((resolve) => second.once('close', resolve));
    fromServer?.destroy();
    expect(await closed).toBe(1006);
  });

  it('is ended when both sides are silent for too long', async () => {
    await restart({ accessTunnelIdleMs: 100 });
    speakWebSocket();
    const socket = webSocket();
    await next(socket);
    const code = await new Promise<number>((resolve) => socket.once('close', resolve));
    expect(code).toBe(1006);
  });
});

describe('a request to change the protocol', () => {
  it('may be for any protocol', async () => {
    upstreams()[0]?.server.on('upgrade', (_, socket: Duplex) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo/1\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    const client = rawClient(port());
    client.say(asking('Upgrade: echo/1\r\n'));
    await client.hears('\r\n\r\n');
    client.say('no HTTP at all');
    expect(await client.hears('no HTTP at all')).toMatch(/^HTTP\/1\.1 101 /);
    client.socket.end();
    await client.closed();
  });

  it.each([
    ['that the server does not know', 'Upgrade: websocket\r\n'],
    ['to HTTP/2', 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'],
    ['to nothing', 'Upgrade: \r\nConnection: close\r\n'],
  ])('%s is answered as a plain one', async (_, headers) => {
    const client = rawClient(port());
    client.say(asking(headers));
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/one\r\n0\r\n\r\n$|\r\n\r\none$/);
    expect(asked()[0]).toBe(1);
  });

  it('gets the answer of a server that refuses, whole', async () => {
    const page = 'x'.repeat(300_000);
    upstreams()[0]?.server.on('upgrade', (_, socket: Duplex) => {
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${page.length}\r\n\r\n${page}`);
    });
    const client = rawClient(port());
    client.say(asking('Upgrade: websocket\r\n'));
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer.endsWith(`\r\n\r\n${page}`)).toBe(true);
  });

  it('is a plain one where the POD wants it so', async () => {
    const url = upstreams()[0]?.url ?? '';
    await gateway().apply([
      pod('plain', 'acme', { hosts: ['plain.example'], urls: [url], accesses: { upgrades: false } }),
    ]);
    await expect.poll(async () => (await ask('/', { host: 'plain.example' })).status).toBe(200);
    let offered = false;
    upstreams()[0]?.server.on('upgrade', (_, socket: Duplex) => {
      offered = true;
      socket.destroy();
    });
    const client = rawClient(port());
    client.say(asking('Upgrade: websocket\r\n', 'plain.example'));
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(offered).toBe(false);
  });

  it.each([
    ['with a body', `${asking('Upgrade: websocket\r\nContent-Length: 4\r\n')}body`, '400 ACCESS.BAD_REQUEST'],
    ['to nobody', asking('Upgrade: websocket\r\n', 'nobody.example'), '404 ACCESS.UNKNOWN_HOST'],
    ['with two hosts', asking('Host: other.example\r\nUpgrade: websocket\r\n'), '400 ACCESS.BAD_REQUEST'],
  ])('%s is refused', async (_, raw, told) => {
    const client = rawClient(port());
    client.say(raw);
    expect(await client.closed()).toContain(told);
    expect(asked()).toEqual([0, 0, 0]);
  });

  it.each([
    ['closes', (socket: Duplex) => socket.destroy(), {}, '502 ACCESS.SERVER_FAILED'],
    ['does not answer', () => undefined, { accessResponseTimeoutMs: 100 }, '504 ACCESS.SERVER_TIMEOUT'],
    [
      'says nonsense',
      (socket: Duplex) => void socket.end('nonsense\r\n\r\n'),
      {},
      '502 ACCESS.SERVER_FAILED',
    ],
  ])('to a server that %s is told so', async (_, does, settings, told) => {
    await restart(settings);
    upstreams()[0]?.server.on('upgrade', (__, socket: Duplex) => does(socket));
    const client = rawClient(port());
    client.say(asking('Upgrade: websocket\r\n'));
    expect(await client.closed()).toContain(told);
  });

  it('harms nobody when the user is gone before the answer', async () => {
    let server: Duplex | undefined;
    upstreams()[0]?.server.on(
      'upgrade',
      (_, socket: Duplex) => (server = socket.on('error', () => undefined).resume()),
    );
    const client = rawClient(port());
    client.say(asking('Upgrade: websocket\r\n'));
    await expect.poll(() => server).toBeDefined();
    client.socket.resetAndDestroy();
    server?.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    await expect.poll(() => server?.readableEnded).toBe(true);
    expect((await ask('/', { host: 'solo.example' })).status).toBe(200);
  });
});
