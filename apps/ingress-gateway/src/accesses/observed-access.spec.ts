import { once } from 'node:events';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { accessScene } from '../../test/access-scene.js';
import { rawClient } from '../../test/raw-client.js';

const { ask, gateway, out, port, upstreams } = accessScene();

async function counted(pod: string, wanted: string): Promise<number> {
  const start = `podway_accesses_total{service="ingress-gateway",pod="${pod}",class="${wanted}"} `;
  const line = (await gateway().scraped()).split('\n').find((one) => one.startsWith(start));
  return Number(line?.slice(start.length) ?? 0);
}

it('counts accesses by POD and class once they have ended, whatever came of them', async () => {
  expect((await ask('/')).status).toBe(200);
  expect((await ask('/', { host: 'nobody.example' })).status).toBe(404);
  await expect.poll(() => counted('shop', '2xx')).toBe(1);
  await expect.poll(() => counted('', '4xx')).toBe(1);

  await out('shop', { s1: false, s2: false, s3: false });
  expect((await ask('/')).status).toBe(503);
  await expect.poll(() => counted('shop', '5xx')).toBe(1);
  expect(await counted('shop', '2xx')).toBe(1);
});

it('counts a connection whose protocol was changed when it ends', async () => {
  const [server] = upstreams();
  new WebSocketServer({ server: server?.server }).on('connection', (socket) => socket.send('hello'));
  const socket = new WebSocket(`ws://127.0.0.1:${port()}/`, { headers: { host: 'solo.example' } });
  await once(socket, 'message');
  expect(await counted('solo', '1xx')).toBe(0);
  socket.close();
  await expect.poll(() => counted('solo', '1xx')).toBe(1);
});

it('counts a user who left before the answer', async () => {
  const [server] = upstreams();
  server?.answer(() => undefined);
  const client = rawClient(port());
  client.say('GET / HTTP/1.1\r\nHost: solo.example\r\n\r\n');
  await expect.poll(() => server?.asked.length).toBe(1);
  client.socket.destroy();
  await expect.poll(() => counted('solo', 'none'), { timeout: 10_000 }).toBe(1);
});
