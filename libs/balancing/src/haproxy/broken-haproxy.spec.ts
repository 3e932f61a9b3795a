import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { changes, haproxyScene } from '../../test/haproxy-scene.js';
import { linesOf } from './change-plan.js';

const scene = haproxyScene();
const options = { fencingToken: 1, drainTimeoutMs: 200 };

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(ending.splice(0).map((end) => end()));
});

/** Something that listens where HAProxy should. */
async function instead(answer: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => undefined));
    answer(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.push(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const takeOut = (balancer: Parameters<typeof scene.pod>[0]): Promise<unknown> =>
  scene.balancer().rotate(scene.pod(balancer), changes({ web1: false }), options);

describe('an entry that does not fit', () => {
  it('a backend that is not there', async () => {
    await expect(takeOut({ backend: 'blog' })).rejects.toMatchObject({
      code: 'BALANCER.UNKNOWN_BACKEND',
      retryable: false,
      details: { backend: 'blog' },
    });
    expect(await scene.proxy().inMaintenance('shop')).toEqual([]);
  });

  it('a server that is not in the backend', async () => {
    await expect(takeOut({ servers: { web3: 'app_3' } })).rejects.toMatchObject({
      code: 'BALANCER.UNKNOWN_SERVER',
      retryable: false,
      details: { server: 'app_3' },
    });
    expect(await scene.proxy().inMaintenance('shop')).toEqual([]);
  });

  it('a socket that may only look', async () => {
    const { socket } = await scene.another({ level: 'operator' });
    await expect(takeOut({ sockets: [socket] })).rejects.toMatchObject({
      code: 'BALANCER.REFUSED',
      retryable: false,
      message: expect.stringContaining('Permission denied') as string,
    });
  });

  it('a POD without HAProxy', async () => {
    const pod = { ...scene.pod(), balancer: undefined };
    await expect(scene.balancer().follow(pod)).rejects.toMatchObject({ code: 'BALANCER.NOT_HAPROXY' });
  });
});

describe('a HAProxy that is away', () => {
  it.each([
    ['no socket', '/nonexistent/admin.sock'],
    ['a port that nobody listens at', 'tcp://127.0.0.1:1'],
  ])('%s', async (_, socket) => {
    await expect(takeOut({ sockets: [socket] })).rejects.toMatchObject({
      code: 'BALANCER.UNREACHABLE',
      retryable: true,
      details: { socket },
    });
  });

  it('one of two: the change is told as failed, and the same again succeeds when it is back', async () => {
    const second = await scene.another();
    await second.kill();
    await expect(takeOut({})).rejects.toMatchObject({ code: 'BALANCER.UNREACHABLE' });
    await second.start();
    expect(await takeOut({})).toEqual({ running: 0 });
    expect(await second.inMaintenance('shop')).toEqual(['web1']);
    expect(await scene.proxy().inMaintenance('shop')).toEqual(['web1']);
  });

  it('for the whole drain: it is not known what runs, and the drain fails', async () => {
    scene.server(0).hold();
    const draining = scene
      .balancer()
      .rotate(scene.pod(), changes({ web1: false }), { ...options, drainTimeoutMs: 500 });
    const failed = expect(draining).rejects.toMatchObject({ code: 'BALANCER.UNREACHABLE', retryable: true });
    await expect.poll(() => scene.proxy().inMaintenance('shop'), { interval: 1 }).toEqual(['web1']);
    await scene.proxy().kill();
    await failed;
  });
});

describe('what answers in its place', () => {
  it.each([
    ['nothing', () => undefined, 'BALANCER.UNREACHABLE', 'nothing in 200 ms'],
    ['an end at once', (socket: Socket) => socket.end(), 'BALANCER.UNREACHABLE', 'it hung up'],
    [
      'half of it',
      (socket: Socket) => socket.end('# name\nshop\n\n1\n# be'),
      'BALANCER.UNREACHABLE',
      'it hung up',
    ],
    [
      'a web server',
      (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'BALANCER.BAD_REPLY',
      'HTTP/1.1 400',
    ],
    [
      'other columns',
      (socket: Socket) => socket.end('# name\nshop\n\n1\n# be_id\n3\n\n# pxname\nshop\n\n'),
      'BALANCER.BAD_REPLY',
      'srv_name',
    ],
  ] as const)('%s', async (_, answer, code, told) => {
    const socket = await instead(answer);
    await expect(takeOut({ sockets: [socket], timeoutMs: 200 })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(told) as string,
    });
  });

  it('text without end', async () => {
    const socket = await instead((to) => {
      const more = (): void => {
        while (!to.destroyed && to.write('x'.repeat(65_536)));
      };
      to.on('drain', more);
      more();
    });
    await expect(takeOut({ sockets: [socket], timeoutMs: 5_000 })).rejects.toMatchObject({
      code: expect.stringMatching(/BAD_REPLY/) as string,
    });
  });
});

it('the first two commands of a switch share a line, whatever their length', () => {
  const long = (name: string): string => `set server ${'b'.repeat(200)}/${name.repeat(200)} state maint`;
  const lines = linesOf(Array.from({ length: 100 }, () => long('x')));
  expect(lines.every((line) => line.length < 16_384)).toBe(true);
  expect(lines[0]?.split(';').length).toBeGreaterThan(1);
  expect(lines.join(';').split(';')).toHaveLength(100);
});
