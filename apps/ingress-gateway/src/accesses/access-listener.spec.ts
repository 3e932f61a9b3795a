import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Rotation } from '@podway/persistence';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { startUpstream, type Upstream } from '../../test/upstream.js';
import type { AccessListener } from './access-listener.js';

let gateway: TestGateway;
let upstreams: Upstream[];
let listener: AccessListener;

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_ROTATION_POLL_MS: '100' });
});
afterAll(() => gateway.close());
beforeEach(async () => {
  upstreams = await Promise.all(['one', 'two', 'three'].map(startUpstream));
  await gateway.dataSource.query('truncate ingress.rotation');
  await gateway.apply([
    pod('shop', 'acme', { hosts: ['shop.example'], urls: upstreams.map((one) => one.url) }),
    pod('solo', 'acme', { hosts: ['solo.example'], urls: [upstreams[0]?.url ?? ''] }),
  ]);
  await start();
});
afterEach(async () => {
  await listener.close();
  await Promise.all(upstreams.map((one) => one.stop()));
});

async function start(settings: Partial<IngressGatewaySettings> = {}): Promise<void> {
  listener = await gateway.startAccesses(settings);
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  body: string;
}

function ask(
  path = '/',
  { host = 'shop.example', body, ...options }: RequestOptions & { body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      port: listener.port,
      path,
      agent: false,
      ...options,
      headers: { host: host ?? '', ...(options.headers as Record<string, string>) },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const { statusCode = 0, headers, rawHeaders } = response;
      text(response).then(
        (content) => resolve({ status: statusCode, headers, rawHeaders, body: content }),
        reject,
      );
    });
    outgoing.end(body);
  });
}

const asked = (): number[] => upstreams.map((one) => one.asked.length);

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
    await listener.close();
    await start({ defaultPod: 'solo' });
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
    await gateway.apply([pod('new', 'acme', { hosts: ['new.example'], urls: [upstreams[1]?.url ?? ''] })]);
    await expect.poll(async () => (await ask('/', { host: 'new.example' })).body).toBe('two');
    await gateway.apply([pod('new', 'acme', { hosts: ['newer.example'], urls: [upstreams[2]?.url ?? ''] })]);
    await expect.poll(async () => (await ask('/', { host: 'newer.example' })).body).toBe('three');
    expect((await ask('/', { host: 'new.example' })).status).toBe(404);
  });
});

describe('forwarding', () => {
  it('passes request and response on, and says who asked', async () => {
    upstreams[0]?.answer((request, response) => {
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
    const { headers } = upstreams[0]?.asked[0] as IncomingMessage;
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
    await listener.close();
    await start({ trustForwarded: true });
    await ask('/', {
      headers: {
        'X-Forwarded-For': '6.6.6.6',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'real.example',
      },
    });
    const { headers } = upstreams.flatMap((one) => one.asked)[0] as IncomingMessage;
    expect(headers).toMatchObject({
      'x-forwarded-for': '6.6.6.6, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'real.example',
    });
  });

  it.each(['HEAD', 'GET', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'])('knows %s', async (method) => {
    upstreams[0]?.answer((request, response) => {
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
      for (const one of upstreams) one.answer((_, response) => void response.writeHead(status).end());
      expect((await ask()).status).toBe(status);
      expect(asked().reduce((sum, count) => sum + count)).toBe(1);
    },
  );

  it('streams large bodies both ways', async () => {
    upstreams[0]?.answer((request, response) => void request.pipe(response));
    const body = Buffer.alloc(20 * 1024 * 1024, 'x');
    const answer = await ask('/', { host: 'solo.example', method: 'POST', body });
    expect(answer.body.length).toBe(body.length);
  });

  it('lets go of the server when the user goes away', async () => {
    let left = false;
    upstreams[0]?.answer((request) => request.on('close', () => (left = true)));
    const outgoing = httpRequest({ port: listener.port, headers: { host: 'solo.example' } });
    outgoing.on('error', () => undefined).end();
    await expect.poll(() => asked()[0]).toBe(1);
    outgoing.destroy();
    await expect.poll(() => left).toBe(true);
    upstreams[0]?.answer((_, response) => void response.end('still good'));
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
    const socket = connect(listener.port, '127.0.0.1');
    socket.write(`${head}\r\n${head.includes('\r\nConnection') ? '' : 'Connection: close\r\n'}\r\n`);
    let answer = '';
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.includes('\r\n\r\n') && !answer.startsWith('HTTP/1.1 100')) break;
    }
    expect(answer).toMatch(new RegExp(`HTTP/1.1 ${status} `));
  });
});

describe('a server that fails', () => {
  it('is passed over for another, at once and for a while', async () => {
    await upstreams[0]?.stop();
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask()));
    expect(answers.map((one) => one.status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((one) => one.body))).toEqual(new Set(['two', 'three']));
  });

  it('that closes before it answers is passed over too', async () => {
    upstreams[1]?.answer((request) => request.socket.destroy());
    for (let n = 0; n < 9; n += 1) expect((await ask()).status).toBe(200);
    expect(asked()[1]).toBe(1);
  });

  it('comes back', async () => {
    await listener.close();
    await start({ accessFailedMs: 50 });
    upstreams[1]?.answer((request) => request.socket.destroy());
    for (let n = 0; n < 3; n += 1) await ask();
    upstreams[1]?.answer((_, response) => void response.end('back'));
    await expect.poll(async () => (await ask()).body).toBe('back');
  });

  it.each([
    ['POST', undefined],
    ['GET', 'a body'],
  ])('is not asked twice for what may have had an effect: %s with body %s', async (method, body) => {
    for (const one of upstreams) one.answer((request) => request.socket.destroy());
    const answer = await ask('/', {
      method,
      body: body ?? 'x',
      headers: { 'content-length': String((body ?? 'x').length) },
    });
    expect(answer.status).toBe(502);
    expect(asked().reduce((sum, count) => sum + count)).toBe(1);
  });

  it('makes 502 when all do', async () => {
    for (const one of upstreams) one.answer((request) => request.socket.destroy());
    const answer = await ask();
    expect([answer.status, answer.body]).toEqual([
      502,
      '502 ACCESS.SERVER_FAILED: The server did not answer.\n',
    ]);
    expect(asked()).toEqual([1, 1, 1]);
  });

  it('alone in its POD gets a second chance: its kept connection may only have been old', async () => {
    let count = 0;
    upstreams[0]?.answer((request, response) => {
      count += 1;
      if (count === 1) request.socket.destroy();
      else response.end('second');
    });
    expect((await ask('/', { host: 'solo.example' })).body).toBe('second');
  });

  it('in mid-answer cuts the user off, so that nobody takes a part for the whole', async () => {
    upstreams[0]?.answer((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    await expect(ask('/', { host: 'solo.example' })).rejects.toThrow();
  });

  it('that takes too long makes 504', async () => {
    await listener.close();
    await start({ accessResponseTimeoutMs: 100 });
    upstreams[0]?.answer(() => undefined);
    const answer = await ask('/', { host: 'solo.example' });
    expect(answer.status).toBe(504);
  });

  it('may answer anything', async () => {
    upstreams[0]?.answer((request) => request.socket.end('not HTTP at all\r\n\r\n'));
    expect((await ask('/', { host: 'solo.example' })).status).toBe(502);
  });
});

it('keeps connections to users and servers', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<object>();
  upstreams[0]?.server.on('connection', (socket) => sockets.add(socket));
  for (let n = 0; n < 5; n += 1) expect((await ask('/', { host: 'solo.example', agent })).status).toBe(200);
  agent.destroy();
  expect(sockets.size).toBe(1);
});

let token = 0;
/** Changes the rotation and waits until this gateway routes by it. */
async function out(name: string, changes: Record<string, boolean>): Promise<void> {
  const rotation = new Rotation(gateway.dataSource);
  token += 1;
  const generation = await rotation.set(name, new Map(Object.entries(changes)), token);
  const progress = await rotation.settled(name, [], generation, 5_000);
  expect(progress.acknowledged).toBe(true);
}
