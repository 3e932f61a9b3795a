import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { accessScene } from '../../test/access-scene.js';
import { pod } from '../../test/gateway.js';

const { ask, asked, gateway, out, port, restart, upstreams } = accessScene();

describe('routing', () => {
  it('goes to the servers of the POD that owns the host, in turn', async () => {
    const bodies: string[] = [];
    for (let n = 0; n < 6; n += 1) bodies.push((await ask()).body);
    expect(bodies.sort()).toEqual(['one', 'one', 'three', 'three', 'two', 'two']);
    expect((await ask('/', { host: 'solo.example' })).body).toBe('one');
  });

  it('answers unknown hosts with a coded page', async () => {
    const answer = await ask('/', { host: 'nobody.example' });
    expect([answer.status, answer.body]).toEqual([
      404,
      '404 ACCESS.UNKNOWN_HOST: No POD answers to this host.\n',
    ]);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
  });

  it('has a default POD only when one is set', async () => {
    await restart({ defaultPod: 'solo' });
    expect((await ask('/', { host: '127.0.0.1' })).body).toBe('one');
    expect((await ask('/', { host: 'shop.example' })).status).toBe(200);
  });

  it('says when no server is in rotation', async () => {
    await out('shop', { s1: false, s2: false, s3: false });
    const answer = await ask();
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.body).toContain('ACCESS.NO_SERVER');
    expect(asked()).toEqual([0, 0, 0]);
  });

  it('follows the inventory', async () => {
    await gateway().apply([
      pod('new', 'acme', { hosts: ['new.example'], urls: [upstreams()[1]?.url ?? ''] }),
    ]);
    await expect.poll(async () => (await ask('/', { host: 'new.example' })).body).toBe('two');
    await gateway().apply([
      pod('new', 'acme', { hosts: ['newer.example'], urls: [upstreams()[2]?.url ?? ''] }),
    ]);
    await expect.poll(async () => (await ask('/', { host: 'newer.example' })).body).toBe('three');
    expect((await ask('/', { host: 'new.example' })).status).toBe(404);
  });
});

describe('forwarding', () => {
  it('passes request and response on, and says who asked', async () => {
    upstreams()[0]?.answer((request, response) => {
      void text(request).then((body) => {
        response.writeHead(201, 'Made', [
          ['X-Own', 'yes'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['Connection', 'x-hop'],
          ['X-Hop', 'not for users'],
          ['Via', '1.0 cache'],
        ] as unknown as string[]);
        response.end(`${request.method} ${request.url} ${body}`);
      });
    });
    const answer = await ask('/p?q=%20&r=%C3%A4', {
      host: 'solo.example',
      method: 'POST',
      body: Buffer.from('content'),
      headers: {
        'X-Forwarded-For': '6.6.6.6',
        'X-Forwarded-Proto': 'https',
        Via: '1.1 elsewhere',
        Connection: 'x-secret, close',
        'X-Secret': '1',
        TE: 'trailers',
        'X-Kept': 'ü',
      },
    });
    expect([answer.status, answer.body]).toEqual([201, 'POST /p?q=%20&r=%C3%A4 content']);
    expect(answer.headers).toMatchObject({
      'x-own': 'yes',
      'set-cookie': ['a=1', 'b=2'],
      via: '1.0 cache, 1.1 podway',
    });
    expect(answer.headers['x-hop']).toBeUndefined();
    const { headers } = upstreams()[0]?.asked[0] as IncomingMessage;
    expect(headers).toMatchObject({
      host: 'solo.example',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'solo.example',
      via: '1.1 elsewhere, 1.1 podway',
      'x-kept': 'ü',
    });
    expect(headers).not.toHaveProperty('x-secret');
    expect(headers).not.toHaveProperty('te');
    const own = answer.rawHeaders.filter((name, index) => index % 2 === 0 && /podway/i.test(name));
    expect(own).toEqual([]);
  });

  it('believes the proxy in front when it is told to', async () => {
    await restart({ trustForwarded: true });
    await ask('/', {
      headers: {
        'X-Forwarded-For': '6.6.6.6',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'real.example',
      },
    });
    const { headers } = upstreams().flatMap((one) => one.asked)[0] as IncomingMessage;
    expect(headers).toMatchObject({
      'x-forwarded-for': '6.6.6.6, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'real.example',
    });
  });

  it.each(['HEAD', 'GET', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'])('knows %s', async (method) => {
    upstreams()[0]?.answer((request, response) => {
      response.setHeader('Content-Length', request.method === 'HEAD' ? 1234 : 2);
      response.end(request.method === 'HEAD' ? undefined : 'ok');
    });
    const answer = await ask('/', { host: 'solo.example', method });
    expect([answer.status, answer.body]).toEqual([200, method === 'HEAD' ? '' : 'ok']);
    expect(answer.headers['content-length']).toBe(method === 'HEAD' ? '1234' : '2');
  });

  it.each([204, 304, 404, 500, 503])(
    'passes status %i on as it is, and does not ask another server',
    async (status) => {
      for (const one of upstreams()) one.answer((_, response) => void response.writeHead(status).end());
      expect((await ask()).status).toBe(status);
      expect(asked().reduce((sum, count) => sum + count)).toBe(1);
    },
  );

  it('streams large bodies both ways', async () => {
    upstreams()[0]?.answer((request, response) => void request.pipe(response));
    const body = Buffer.alloc(20 * 1024 * 1024, 'x');
    const answer = await ask('/', { host: 'solo.example', method: 'POST', body });
    expect(answer.body.length).toBe(body.length);
  });

  it('lets go of the server when the user goes away', async () => {
    let left = false;
    upstreams()[0]?.answer((request) => request.on('close', () => (left = true)));
    const outgoing = httpRequest({ port: port(), headers: { host: 'solo.example' } });
    outgoing.on('error', () => undefined).end();
    await expect.poll(() => asked()[0]).toBe(1);
    outgoing.destroy();
    await expect.poll(() => left).toBe(true);
    upstreams()[0]?.answer((_, response) => void response.end('still good'));
    expect((await ask('/', { host: 'solo.example' })).body).toBe('still good');
  });

  it.each([
    ['GET http://shop.example/x HTTP/1.1\r\nHost: shop.example', 200],
    ['OPTIONS * HTTP/1.1\r\nHost: shop.example', 400],
    ['GET / HTTP/1.1', 400],
    ['GET / HTTP/1.0\r\nHost: shop.example', 200],
    ['GET / HTTP/1.1\r\nHost: shop.example\r\nExpect: 100-continue', 200],
    ['GET / HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\nConnection: upgrade', 200],
    ['GET / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1\r\nTransfer-Encoding: chunked', 400],
    ['nonsense', 400],
  ])('%j -> %i', async (head, status) => {
    const socket = connect(port(), '127.0.0.1');
    socket.write(`${head}\r\n${head.includes('\r\nConnection') ? '' : 'Connection: close\r\n'}\r\n`);
    let answer = '';
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.includes('\r\n\r\n') && !answer.startsWith('HTTP/1.1 100')) break;
    }
    expect(answer).toMatch(new RegExp(`HTTP/1.1 ${status} `));
  });
});

it('keeps connections to users and servers', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<object>();
  upstreams()[0]?.server.on('connection', (socket) => sockets.add(socket));
  for (let n = 0; n < 5; n += 1) expect((await ask('/', { host: 'solo.example', agent })).status).toBe(200);
  agent.destroy();
  expect(sockets.size).toBe(1);
});
