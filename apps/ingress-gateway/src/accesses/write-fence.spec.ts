import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeploymentEntity, Rotation, WriteFences } from '@podway/persistence';
import { insertDeployment } from '../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { rawClient, type RawClient } from '../../test/raw-client.js';
import { startUpstream, type Upstream } from '../../test/upstream.js';
import type { AccessListener } from './access-listener.js';

let gateway: TestGateway;
let fences: WriteFences;
let upstreams: Upstream[];
let listeners: AccessListener[];
let token = 0;

beforeAll(async () => {
  gateway = await startGateway();
  fences = new WriteFences(gateway.dataSource);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  upstreams = await Promise.all(['one', 'two'].map(startUpstream));
  await gateway.dataSource.query('truncate ingress.write_fences, ingress.gateways, coordinator.deployments');
  const urls = upstreams.map((one) => one.url);
  await gateway.apply([
    pod('shop', 'acme', { hosts: ['shop.example'], urls }),
    pod('blog', 'acme', { hosts: ['blog.example'], urls }),
  ]);
  listeners = [await gateway.startAccesses(), await gateway.startAccesses()];
});
afterEach(async () => {
  for (const listener of listeners) await listener.close();
  await Promise.all(upstreams.map((one) => one.stop()));
});

/** A deployment fences writes; resolves with its id and how far that has come. */
async function fence(timeoutMs: number) {
  const { id } = await insertDeployment(gateway.dataSource, { state: 'Snapshotting', leased: true });
  token += 1;
  const generation = await fences.set('shop', id, token);
  return { id, generation, progress: await fences.settled('shop', generation, timeoutMs) };
}

function say(request: string, listener = listeners[0]): RawClient {
  const client = rawClient(listener?.port ?? 0);
  client.say(request.replaceAll('\n', '\r\n'));
  return client;
}

const ask = (method: string, { host = 'shop.example', listener = listeners[0] } = {}): Promise<string> =>
  say(`${method} / HTTP/1.1\nHost: ${host}\nConnection: close\nContent-Length: 0\n\n`, listener).closed();

const settledWith = { acknowledged: true, running: 0 };
const refusal =
  /^HTTP\/1\.1 503 [^]*Retry-After: 10\r\n[^]*\r\n\r\n503 ACCESS\.WRITES_FENCED: .*Reading works\.\n$/;

describe('while writes are fenced', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPPATCH'])(
    '%s is refused by every gateway',
    async (method) => {
      expect((await fence(10_000)).progress).toEqual(settledWith);
      for (const listener of listeners) expect(await ask(method, { listener })).toMatch(refusal);
      expect(upstreams.map((one) => one.asked.length)).toEqual([0, 0]);
      expect(await ask(method, { host: 'blog.example' })).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it.each(['GET', 'HEAD', 'OPTIONS'])('%s goes on', async (method) => {
    await fence(10_000);
    expect(await ask(method)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('a gateway that starts keeps the fence from its first access on', async () => {
    await fence(10_000);
    const started = await gateway.startAccesses();
    listeners.push(started);
    expect(await ask('POST', { listener: started })).toMatch(refusal);
  });

  it('writing works again once the deployment has given its POD back', async () => {
    const { id, generation } = await fence(10_000);
    await gateway.dataSource.manager.update(DeploymentEntity, { id }, { leased: false });
    // What the coordinator's effects do besides, in the same transaction.
    await new Rotation(gateway.dataSource).set('shop', new Map(), token);
    await fences.settled('shop', generation + 1, 10_000);
    for (const listener of listeners) expect(await ask('POST', { listener })).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('when the fence is set', () => {
  it('a write that runs is waited for and ends as it would have', async () => {
    const finish: (() => void)[] = [];
    for (const one of upstreams) one.answer((_, response) => void finish.push(() => response.end('saved')));
    const writing = ask('POST');
    const reading = ask('GET');
    await expect.poll(() => finish.length).toBe(2);
    const { generation, progress } = await fence(300);
    expect(progress).toEqual({ acknowledged: true, running: 1 });
    const waiting = fences.settled('shop', generation, 60_000);
    for (const end of finish) end();
    expect(await waiting).toEqual(settledWith);
    expect(await writing).toMatch(/^HTTP\/1\.1 200 [^]*saved/);
    expect(await reading).toMatch(/^HTTP\/1\.1 200 [^]*saved/);
  });

  it('no write of many reaches a server after it has settled', async () => {
    for (const one of upstreams)
      one.answer((_, response) => void setTimeout(() => response.end(one.name), Math.random() * 20));
    let going = true;
    const answers: string[] = [];
    const writers = listeners.flatMap((listener) =>
      [1, 2, 3].map(async () => {
        while (going) answers.push((await ask('POST', { listener })).slice(9, 12));
      }),
    );
    await expect.poll(() => answers.length).toBeGreaterThan(20);
    expect((await fence(20_000)).progress).toEqual(settledWith);
    const before = upstreams.map((one) => one.asked.length);
    const refused = answers.length;
    await expect.poll(() => answers.length).toBeGreaterThan(refused + 20);
    going = false;
    await Promise.all(writers);
    expect(upstreams.map((one) => one.asked.length)).toEqual(before);
    expect(answers.filter((status) => status !== '200' && status !== '503')).toEqual([]);
  });

  it('an upgraded connection is ended at once, and none begins', async () => {
    for (const { server } of upstreams)
      server.on('upgrade', (_, socket: Duplex) => {
        socket.on('error', () => undefined);
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
        socket.on('data', (chunk: Buffer) => socket.write(chunk)).on('end', () => socket.end());
      });
    const upgrade = 'GET / HTTP/1.1\nHost: shop.example\nConnection: Upgrade\nUpgrade: echo\n\n';
    const client = say(upgrade);
    await client.hears('101 Switching');
    expect((await fence(10_000)).progress).toEqual(settledWith);
    await client.closed();
    expect(await say(upgrade).closed()).toMatch(/^HTTP\/1\.1 503 [^]*ACCESS\.WRITES_FENCED/);
  });

  it('an event stream goes on, unless it answers a write', async () => {
    for (const one of upstreams)
      one.answer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: first\n\n');
      });
    const [reading, writing] = ['GET', 'POST'].map((method) =>
      say(`${method} / HTTP/1.1\nHost: shop.example\nContent-Length: 0\n\n`),
    ) as [RawClient, RawClient];
    await reading.hears('data: first');
    await writing.hears('data: first');
    expect((await fence(10_000)).progress).toEqual(settledWith);
    expect(await writing.hears('\r\n0\r\n\r\n')).toContain('data: first');
    await sleep(200);
    expect(reading.heard).not.toContain('\r\n0\r\n\r\n');
    expect(reading.isClosed).toBe(false);
  });
});
