import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GATEWAY_GONE_MS, GatewayEntity, Rotation } from '@podway/persistence';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
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
