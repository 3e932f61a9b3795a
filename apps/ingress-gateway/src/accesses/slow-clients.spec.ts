import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pod, startGateway, type TestGateway } from '../../test/gateway.js';
import { rawClient, type RawClient } from '../../test/raw-client.js';
import { startUpstream, type Upstream } from '../../test/upstream.js';

const AT_ONCE = 200;
/** Generous: what is harmed by others waits for their time-outs, which are longer. */
const PROMPTLY_MS = 15_000;

let gateway: TestGateway;
let site: Upstream;
let apiPort: number;
let accessPort: number;
let key: string;
let clients: RawClient[];

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_HEADERS_TIMEOUT_MS: '60000', PODWAY_ACCESS_BODY_IDLE_MS: '60000' });
  site = await startUpstream('the site');
  site.answer((request, response) => void request.resume().on('end', () => response.end('the site')));
  await gateway.apply([pod('shop', 'acme', { hosts: ['shop.example'], urls: [site.url] })]);
  apiPort = Number(new URL(gateway.api).port);
  accessPort = (await gateway.startAccesses()).port;
  key = await gateway.key('acme', 'viewer');
});
afterAll(async () => {
  await gateway.close();
  await site.stop();
});
beforeEach(() => (clients = []));
afterEach(() => clients.forEach(({ socket }) => socket.destroy()));

interface Port {
  readonly name: string;
  readonly port: () => number;
  readonly host: string;
  readonly good: () => string;
  readonly answer: string;
}

const ports: Port[] = [
  {
    name: 'accesses',
    port: () => accessPort,
    host: 'shop.example',
    good: () => 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
    answer: 'the site',
  },
  {
    name: 'the API',
    port: () => apiPort,
    host: 'podway',
    good: () =>
      `GET /v1/pods HTTP/1.1\r\nHost: podway\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`,
    answer: '"shop"',
  },
];

/** What one bad client does, once connected. */
const harms: Readonly<Record<string, (client: RawClient, host: string) => void>> = {
  'that say nothing': () => undefined,
  'with slow headers': (client, host) => {
    client.say(`GET / HTTP/1.1\r\nHost: ${host}\r\n`);
    const drip = setInterval(() => client.say('X-More: 1\r\n'), 200);
    client.socket.on('close', () => clearInterval(drip));
  },
  'with slow bodies': (client, host) => {
    const type = 'Content-Type: application/json\r\n';
    client.say(
      `POST /v1/keys HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n${type}Content-Length: 10000\r\n\r\n{`,
    );
    const drip = setInterval(() => client.say(' '), 200);
    client.socket.on('close', () => clearInterval(drip));
  },
  'that close their half in mid-request': (client, host) => {
    client.socket.end(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\nhalf`);
  },
  'that ask and do not listen': (client, host) => {
    client.socket.pause();
    client.say(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(3));
  },
  'that are cut off in mid-request': (client, host) => {
    client.say(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\nhalf`);
    setTimeout(() => client.socket.resetAndDestroy(), 100);
  },
  'that talk nonsense': (client) => client.say('\0\xff nonsense \r\n\r\n'.repeat(100)),
};

describe.each(ports)('$name', ({ port, host, good, answer }) => {
  it.each(Object.entries(harms))(
    `serves others beside ${AT_ONCE} clients %s`,
    async (_, harm) => {
      for (let n = 0; n < AT_ONCE; n += 1) {
        const client = rawClient(port());
        clients.push(client);
        client.socket.once('connect', () => harm(client, host));
      }
      await expect
        .poll(() => clients.every(({ socket }) => !socket.connecting), { timeout: 10_000 })
        .toBe(true);
      for (let n = 0; n < 5; n += 1) {
        const before = Date.now();
        const normal = rawClient(port());
        clients.push(normal);
        normal.say(good());
        expect(await normal.closed()).toContain(answer);
        expect(Date.now() - before).toBeLessThan(PROMPTLY_MS);
      }
    },
    90_000,
  );
});
