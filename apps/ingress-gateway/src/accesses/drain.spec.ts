import { Agent, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PodSpec } from '@podway/contracts';
import { GATEWAY_GONE_MS, GatewayEntity, Rotation } from '@podway/persistence';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { rawClient, type RawClient } from '../../test/raw-client.js';
import { startUpstream, type Upstream } from '../../test/upstream.js';
import type { AccessListener } from './access-listener.js';

let gateway: TestGateway;
let rotation: Rotation;
let upstreams: Upstream[];
let listeners: AccessListener[];
let token = 0;

beforeAll(async () => {
  gateway = await startGateway();
  rotation = new Rotation(gateway.dataSource);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  upstreams = await Promise.all(['one', 'two', 'three'].map(startUpstream));
  await gateway.dataSource.query('truncate ingress.rotation, ingress.gateways');
  await gateway.apply([
    pod('shop', 'acme', { hosts: ['shop.example'], urls: upstreams.map((one) => one.url) }),
  ]);
  listeners = [await gateway.startAccesses(), await gateway.startAccesses()];
});
afterEach(async () => {
  for (const listener of listeners) await listener.close();
  await Promise.all(upstreams.map((one) => one.stop()));
});

function set(changes: Record<string, boolean>): Promise<number> {
  token += 1;
  return rotation.set('shop', new Map(Object.entries(changes)), token);
}

interface Visitors {
  failed: string[];
  count: number;
  stop(): Promise<void>;
}

/** Users who ask all the time, through every gateway. */
function visitors(perGateway: number): Visitors {
  const agent = new Agent({ keepAlive: true });
  const found = { failed: [] as string[], count: 0 };
  let going = true;
  const visit = async ({ port }: AccessListener): Promise<void> => {
    while (going) {
      const outcome = await new Promise<string>((resolve) => {
        const outgoing = httpRequest({ port, agent, headers: { host: 'shop.example' } });
        outgoing.on('error', (error) => resolve(error.message));
        outgoing.on('response', (response) => {
          response
            .resume()
            .on('end', () => resolve(String(response.statusCode)))
            .on('error', () => resolve('cut'));
        });
        outgoing.end();
      });
      found.count += 1;
      if (outcome !== '200') found.failed.push(outcome);
    }
  };
  const all = listeners.flatMap((listener) => Array.from({ length: perGateway }, () => visit(listener)));
  return Object.assign(found, {
    stop: async () => {
      going = false;
      await Promise.all(all);
      agent.destroy();
    },
  });
}

describe('while rotation flips under load', () => {
  it('no access fails, and none reaches a server after its drain has settled', async () => {
    for (const one of upstreams) {
      one.answer((_, response) => void setTimeout(() => response.end(one.name), Math.random() * 10));
    }
    const users = visitors(6);
    const late: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      const index = round % 3;
      const name = `s${index + 1}`;
      const generation = await set({ [name]: false });
      const progress = await rotation.settled('shop', [name], generation, 10_000);
      expect(progress).toEqual({ acknowledged: true, running: 0 });
      const before = upstreams[index]?.asked.length ?? 0;
      await sleep(40);
      late.push((upstreams[index]?.asked.length ?? 0) - before);
      await set({ [name]: true });
    }
    await users.stop();
    expect(late).toEqual(late.map(() => 0));
    expect(users.failed).toEqual([]);
    expect(users.count).toBeGreaterThan(200);
  }, 60_000);

  it('a drained server may be stopped and started without any user noticing', async () => {
    const users = visitors(4);
    for (let round = 0; round < 4; round += 1) {
      const generation = await set({ s1: false });
      expect(await rotation.settled('shop', ['s1'], generation, 10_000)).toEqual({
        acknowledged: true,
        running: 0,
      });
      const [first] = upstreams as [Upstream];
      const { port } = new URL(first.url);
      first.server.closeAllConnections();
      await new Promise((resolve) => first.server.close(resolve));
      await sleep(30);
      await new Promise<void>((resolve) => first.server.listen(Number(port), '127.0.0.1', resolve));
      await rotation.settled('shop', [], await set({ s1: true }), 10_000);
    }
    await users.stop();
    expect(users.failed).toEqual([]);
  }, 60_000);
});

describe('what outlives a change of rotation', () => {
  const drained = async (timeoutMs: number): Promise<{ acknowledged: boolean; running: number }> =>
    rotation.settled('shop', ['s1'], await set({ s1: false }), timeoutMs);
  const applyWith = async (changes: Partial<PodSpec>): Promise<void> => {
    await gateway.apply([
      pod('shop', 'acme', { hosts: ['shop.example'], urls: upstreams.map((one) => one.url), ...changes }),
    ]);
    // A change of rotation that is acknowledged comes after the inventory that was read with it.
    await rotation.settled('shop', [], await set({ s2: false, s3: false }), 5_000);
  };

  it('an upgraded connection is waited for, and ended only at the limit of the POD', async () => {
    await applyWith({ policy: { drainTimeoutMs: 1_500 } });
    upstreams[0]?.server.on('upgrade', (_, socket: Duplex) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
      socket.on('data', (chunk: Buffer) => socket.write(chunk)).on('end', () => socket.end());
    });
    const client = rawClient(listeners[0]?.port ?? 0);
    client.say('GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.hears('101 Switching');
    await rotation.settled('shop', [], await set({ s2: true, s3: true }), 5_000);

    expect(await drained(500)).toEqual({ acknowledged: true, running: 1 });
    client.say('still there');
    await client.hears('still there');
    await client.closed();
    expect(await rotation.settled('shop', ['s1'], 0, 5_000)).toEqual({ acknowledged: true, running: 0 });
  });

  it('an event stream is ended at the limit, whole; a download that is longer runs on', async () => {
    await applyWith({ policy: { drainTimeoutMs: 300 } });
    let finish: (() => void) | undefined;
    upstreams[0]?.answer((request, response) => {
      if (request.url === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: first\n\n');
      } else {
        response.writeHead(200, { 'content-length': 11 });
        response.write('begun ');
        finish = () => void response.end('ended');
      }
    });
    const [events, download] = ['/events', '/download'].map((path) => {
      const client = rawClient(listeners[0]?.port ?? 0);
      client.say(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\n\r\n`);
      return client;
    }) as [RawClient, RawClient];
    await events.hears('data: first');
    await download.hears('begun ');
    await rotation.settled('shop', [], await set({ s2: true, s3: true }), 5_000);

    expect(await drained(100)).toEqual({ acknowledged: true, running: 2 });
    // The chunk of length 0: the stream was not cut off.
    expect(await events.hears('\r\n0\r\n\r\n')).toContain('data: first');
    await expect.poll(async () => (await rotation.settled('shop', ['s1'], 0, 0)).running).toBe(1);
    await sleep(500);
    finish?.();
    expect(await download.hears('begun ended')).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(await rotation.settled('shop', ['s1'], 0, 5_000)).toEqual({ acknowledged: true, running: 0 });
    // Both may go on asking over the same connections.
    for (const client of [events, download]) {
      client.say('GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n');
      expect(await client.closed()).toMatch(/(two|three)(\r\n0\r\n\r\n)?$/);
    }
  });

  it('a stream both ways is whole although its server is drained meanwhile', async () => {
    await applyWith({});
    upstreams[0]?.answer((request, response) => void request.pipe(response));
    const client = rawClient(listeners[0]?.port ?? 0);
    client.say('POST / HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    await client.hears('1\r\na\r\n');
    await rotation.settled('shop', [], await set({ s2: true, s3: true }), 5_000);
    expect(await drained(200)).toEqual({ acknowledged: true, running: 1 });
    for (const part of ['b', 'c', 'd']) {
      client.say(`1\r\n${part}\r\n`);
      await client.hears(`1\r\n${part}\r\n`);
    }
    client.say('0\r\n\r\n');
    await client.hears('\r\n0\r\n\r\n');
    expect(await rotation.settled('shop', ['s1'], 0, 5_000)).toEqual({ acknowledged: true, running: 0 });
  });

  it('a visitor who sticks to a server goes to another while it is out, and fails nowhere', async () => {
    await gateway.apply([
      pod('shop', 'acme', {
        hosts: ['shop.example'],
        urls: upstreams.map((one) => one.url),
        accesses: { sticky: {} },
      }),
    ]);
    const visit = async (cookie?: string): Promise<{ status: number; body: string; cookie: string }> => {
      const client = rawClient(listeners[0]?.port ?? 0);
      const sent = cookie ? `Cookie: other=1; ${cookie}\r\n` : '';
      client.say(`GET / HTTP/1.1\r\nHost: shop.example\r\n${sent}Connection: close\r\n\r\n`);
      const answer = await client.closed();
      return {
        status: Number(answer.slice(9, 12)),
        body: /(one|two|three)/.exec(answer.slice(answer.indexOf('\r\n\r\n')))?.[0] ?? '',
        cookie: /Set-Cookie: ([^;]+)/.exec(answer)?.[1] ?? cookie ?? '',
      };
    };
    await expect.poll(async () => (await visit()).cookie).not.toBe('');
    let visitor = await visit();
    const home = visitor.body;
    for (let n = 0; n < 5; n += 1) {
      visitor = await visit(visitor.cookie);
      expect(visitor.body).toBe(home);
    }
    const name = `s${upstreams.findIndex((one) => one.name === home) + 1}`;
    await rotation.settled('shop', [], await set({ [name]: false }), 5_000);
    const moved = await visit(visitor.cookie);
    expect(moved.status).toBe(200);
    expect(moved.body).not.toBe(home);
    for (let n = 0; n < 5; n += 1) expect((await visit(moved.cookie)).body).toBe(moved.body);
  });
});

it('a drain waits for accesses that run, and is told at once when the last has ended', async () => {
  let finish: (() => void) | undefined;
  upstreams[0]?.answer((_, response) => {
    response.write('begun');
    finish = () => void response.end();
  });
  const agent = new Agent();
  const ask = (): Promise<string> =>
    new Promise((resolve) => {
      const outgoing = httpRequest({ port: listeners[0]?.port, agent, headers: { host: 'shop.example' } });
      outgoing.on('response', (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk))).on('end', () => resolve(body));
      });
      outgoing.end();
    });
  const answers = [ask(), ask(), ask()];
  await expect.poll(() => finish).toBeDefined();

  const generation = await set({ s1: false });
  const early = await rotation.settled('shop', ['s1'], generation, 300);
  expect(early).toEqual({ acknowledged: true, running: 1 });

  const settled = rotation.settled('shop', ['s1'], generation, 10_000);
  finish?.();
  expect(await settled).toEqual({ acknowledged: true, running: 0 });
  expect((await Promise.all(answers)).sort()).toEqual(['begun', 'three', 'two']);
});

describe('the gateways that are known', () => {
  const known = async (): Promise<number> => gateway.dataSource.manager.count(GatewayEntity);

  it('are those that run', async () => {
    expect(await known()).toBe(2);
    await listeners.pop()?.close();
    expect(await known()).toBe(1);
  });

  it('hold up a drain as long as they have not followed', async () => {
    await rotation.acknowledge('a slow gateway', 0, {});
    const generation = await set({ s1: false });
    expect((await rotation.settled('shop', ['s1'], generation, 300)).acknowledged).toBe(false);
    await gateway.dataSource.query(
      `update ingress.gateways set seen_at = now() - $1 * interval '1 millisecond' where id = 'a slow gateway'`,
      [GATEWAY_GONE_MS + 1],
    );
    expect((await rotation.settled('shop', ['s1'], generation, 5_000)).acknowledged).toBe(true);
  });
});

it('a gateway stops although its users go on asking over kept connections', async () => {
  const stopping = listeners.pop() as AccessListener;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses: string[] = [];
  let going = true;
  const asking = (async () => {
    while (going) {
      const outcome = await new Promise<string>((resolve) => {
        const outgoing = httpRequest({ port: stopping.port, agent, headers: { host: 'shop.example' } });
        outgoing.on('error', () => resolve('refused'));
        outgoing.on('response', (response) =>
          response.resume().on('end', () => resolve(String(response.statusCode))),
        );
        outgoing.end();
      });
      statuses.push(outcome);
      if (outcome === 'refused') return;
    }
  })();
  await expect.poll(() => statuses.length).toBeGreaterThan(20);
  await stopping.close();
  going = false;
  await asking;
  agent.destroy();
  expect(statuses.filter((one) => one !== '200' && one !== 'refused')).toEqual([]);
});

describe('a gateway that stops', () => {
  it('lets a kept connection send a last request, and says that it is the last', async () => {
    const stopping = listeners.pop() as AccessListener;
    const client = rawClient(stopping.port);
    client.say('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    expect(await client.hears('\r\n\r\n')).not.toMatch(/Connection: close/i);
    const closed = stopping.close();
    await sleep(200);
    expect(client.isClosed).toBe(false);
    client.say('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    const answers = await client.closed();
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(answers.match(/Connection: close/gi)).toHaveLength(1);
    await closed;
  });

  it('ends what is idle after a while, and finishes what runs', async () => {
    const stopping = listeners.pop() as AccessListener;
    let finish: (() => void) | undefined;
    for (const one of upstreams) {
      one.answer((_, response) => {
        response.write('begun');
        finish = () => void response.end(' ended');
      });
    }
    const [idle, running] = [rawClient(stopping.port), rawClient(stopping.port)];
    running.say('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    await running.hears('begun');
    const closed = stopping.close();
    await idle.closed();
    expect(running.isClosed).toBe(false);
    finish?.();
    expect(await running.closed()).toContain(' ended');
    await closed;
  });

  it('does not wait for upgraded connections', async () => {
    const stopping = listeners.pop() as AccessListener;
    for (const { server } of upstreams) {
      server.on('upgrade', (_, socket: Duplex) => {
        socket.on('error', () => undefined).on('end', () => socket.end());
        socket.resume();
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
      });
    }
    const client = rawClient(stopping.port);
    client.say('GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.hears('101 Switching');
    const before = Date.now();
    await stopping.close();
    expect(client.isClosed || (await client.closed())).toBeTruthy();
    expect(Date.now() - before).toBeLessThan(gateway.context.settings.stopWaitMs);
  });
});

it('routes by the last view while the database is away', async () => {
  await rotation.settled('shop', [], await set({ s1: false }), 5_000);
  await gateway.postgres.kill();
  const users = visitors(2);
  await sleep(500);
  await users.stop();
  await gateway.postgres.start();
  expect(users.failed).toEqual([]);
  expect(users.count).toBeGreaterThan(0);
  expect(upstreams[0]?.asked).toHaveLength(0);
  const again = async (): Promise<boolean> => {
    try {
      return (await rotation.settled('shop', [], await set({ s1: true }), 1_000)).acknowledged;
    } catch {
      return false;
    }
  };
  await expect.poll(again, { timeout: 20_000 }).toBe(true);
}, 40_000);
