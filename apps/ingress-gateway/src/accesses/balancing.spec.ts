import { describe, expect, it } from 'vitest';
import type { AccessesSpec } from '@podway/contracts';
import { accessScene } from '../../test/access-scene.js';
import { pod } from '../../test/gateway.js';

const { ask, asked, gateway, out, restart, upstreams } = accessScene();

/** POD `own` at own.example on all three servers, taken as `accesses` says. */
async function own(accesses: AccessesSpec, weights: readonly number[] = [1, 1, 1]): Promise<void> {
  const { servers, ...spec } = pod('own', 'acme', {
    hosts: ['own.example'],
    urls: upstreams().map((one) => one.url),
    accesses,
  });
  await gateway().apply([
    { ...spec, servers: servers.map((server, index) => ({ ...server, weight: weights[index] ?? 1 })) },
  ]);
  // Acknowledged with this change of rotation, the inventory is in use too.
  await out('own', { s1: true });
  for (const one of upstreams()) one.asked.length = 0;
}

const askOwn = (options: Parameters<typeof ask>[1] = {}): ReturnType<typeof ask> =>
  ask('/', { host: 'own.example', ...options });

/** The servers in the order in which they answer `count` visitors without cookies. */
async function bodies(count: number): Promise<string[]> {
  const found: string[] = [];
  for (let n = 0; n < count; n += 1) found.push((await askOwn()).body);
  return found;
}

describe('least connections', () => {
  it('go to the server that has the fewest for its weight', async () => {
    await own({ balance: 'least-connections' }, [2, 1, 1]);
    const finish: (() => void)[] = [];
    for (const one of upstreams()) {
      one.answer((_, response) => void finish.push(() => response.end(one.name)));
    }
    const answers = Array.from({ length: 8 }, () => askOwn());
    await expect.poll(asked).toEqual([4, 2, 2]);
    for (const end of finish.splice(0)) end();
    await Promise.all(answers);
  });

  it('leave a slow server alone', async () => {
    await own({ balance: 'least-connections' });
    let finish: (() => void) | undefined;
    upstreams()[0]?.answer((_, response) => (finish = () => response.end('one')));
    const slow = Array.from({ length: 3 }, () => askOwn());
    await expect.poll(() => finish).toBeDefined();
    await expect.poll(() => asked()[0]).toBe(1);
    expect(new Set(await bodies(10))).toEqual(new Set(['two', 'three']));
    finish?.();
    await Promise.all(slow);
  });
});

describe('active checks', () => {
  const health = { path: '/health', intervalMs: 50, timeoutMs: 100, healthyAfter: 2, unhealthyAfter: 2 };
  /** Server `index` answers its checks with `status`; accesses go on. */
  function answerChecks(index: number, status: number): void {
    upstreams()[index]?.answer((request, response) => {
      if (request.url === '/health') response.writeHead(status);
      response.end(upstreams()[index]?.name);
    });
  }

  it('pass a server over that fails them, and take it back', async () => {
    answerChecks(0, 500);
    await own({ health });
    await expect
      .poll(async () => new Set(await bodies(6)), { timeout: 5_000 })
      .toEqual(new Set(['two', 'three']));
    answerChecks(0, 200);
    await expect.poll(async () => (await bodies(6)).includes('one'), { timeout: 5_000 }).toBe(true);
  });

  it('ask under the name of the POD', async () => {
    await own({ health });
    await expect.poll(() => asked().every((count) => count > 0)).toBe(true);
    expect(upstreams()[1]?.asked[0]?.headers).toMatchObject({
      host: 'own.example',
      'user-agent': 'podway-health',
    });
  });

  it('do not keep a POD from answering of which all servers fail', async () => {
    for (const index of [0, 1, 2]) answerChecks(index, 503);
    await own({ health });
    await expect.poll(() => asked().every((count) => count >= 4)).toBe(true);
    expect(new Set(await bodies(6))).toEqual(new Set(['one', 'two', 'three']));
  });

  it('leave a server out of rotation alone, and know what they knew when it is back', async () => {
    answerChecks(0, 500);
    await own({ health: { ...health, healthyAfter: 100 } });
    await expect
      .poll(async () => new Set(await bodies(6)), { timeout: 5_000 })
      .toEqual(new Set(['two', 'three']));
    await out('own', { s1: false });
    answerChecks(0, 200);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const before = asked()[0];
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked()[0]).toBe(before);
    await out('own', { s1: true });
    await expect.poll(() => asked()[0]).toBeGreaterThan(before ?? 0);
    expect(new Set(await bodies(6))).toEqual(new Set(['two', 'three']));
  });
});

describe('accesses that fail', () => {
  it('make a server ill only after as many as the POD says', async () => {
    await own({ passive: { failedAfter: 3, failedMs: 60_000 } });
    upstreams()[0]?.answer((request) => request.socket.destroy());
    for (let n = 0; n < 20; n += 1) expect((await askOwn()).status).toBe(200);
    expect(asked()[0]).toBe(3);
  });

  it.each(['PUT', 'DELETE', 'GET', 'HEAD', 'OPTIONS'])(
    'are tried on another server: %s without a body',
    async (method) => {
      await own({});
      for (const one of upstreams().slice(0, 2)) one.answer((request) => request.socket.destroy());
      expect((await askOwn({ method })).status).toBe(200);
      expect(asked()[2]).toBe(1);
    },
  );

  it.each(['POST', 'PATCH'])('are not tried twice when a server has seen them: %s', async (method) => {
    await own({});
    for (const one of upstreams()) one.answer((request) => request.socket.destroy());
    expect((await askOwn({ method, body: 'x' })).status).toBe(502);
    expect(asked().reduce((sum, count) => sum + count)).toBe(1);
  });

  it('find another server when one cannot be reached, whatever they are, with their body', async () => {
    await own({});
    await upstreams()[0]?.stop();
    await upstreams()[1]?.stop();
    upstreams()[2]?.answer((request, response) => void request.pipe(response));
    const body = Buffer.alloc(300_000, 'x');
    for (let n = 0; n < 5; n += 1) {
      const answer = await askOwn({ method: 'POST', body });
      expect([answer.status, answer.body.length]).toEqual([200, body.length]);
    }
  });
});

describe('visitors who stick', () => {
  const cookieOf = (answer: Awaited<ReturnType<typeof ask>>): string | undefined =>
    answer.headers['set-cookie']?.[0];

  it('get a cookie that does not name the server, and stay', async () => {
    await own({ sticky: {} });
    const first = await askOwn();
    const cookie = cookieOf(first) ?? '';
    expect(cookie).toMatch(/^podway_server=[A-Za-z0-9_-]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(cookie).not.toMatch(/s[123]\b/);
    const pair = cookie.split(';')[0] ?? '';
    for (let n = 0; n < 6; n += 1) {
      const again = await askOwn({ headers: { cookie: `a=b; ${pair}; c=d` } });
      expect([again.body, cookieOf(again)]).toEqual([first.body, undefined]);
    }
    expect(new Set(await bodies(6)).size).toBe(3);
  });

  it('keep what the server sets besides', async () => {
    await own({ sticky: { cookie: 'where', maxAgeSeconds: 3_600 } });
    for (const one of upstreams()) {
      one.answer((_, response) => void response.setHeader('Set-Cookie', ['a=1', 'b=2']).end());
    }
    const cookies = (await askOwn()).headers['set-cookie'] ?? [];
    expect(cookies.slice(0, 2)).toEqual(['a=1', 'b=2']);
    expect(cookies[2]).toMatch(/^where=[\w-]{16}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/);
  });

  it('go to another server when theirs fails, and stay there', async () => {
    await own({ sticky: {} });
    const first = await askOwn();
    const cookie = cookieOf(first)?.split(';')[0] ?? '';
    const home = upstreams().find((one) => one.name === first.body);
    home?.answer((request) => request.socket.destroy());
    const moved = await askOwn({ headers: { cookie } });
    expect(moved.status).toBe(200);
    expect(moved.body).not.toBe(first.body);
    const other = cookieOf(moved)?.split(';')[0] ?? '';
    expect(other).not.toBe(cookie);
    expect((await askOwn({ headers: { cookie: other } })).body).toBe(moved.body);
  });

  it('cannot choose a server by a cookie of their own making', async () => {
    await own({ sticky: {} });
    for (const made of ['s1', 'own/s1', '', '"', 'x'.repeat(4_000)]) {
      const answer = await askOwn({ headers: { cookie: `podway_server=${made}` } });
      expect([answer.status, cookieOf(answer)?.length ?? 0]).toEqual([200, expect.any(Number)]);
      expect(cookieOf(answer)).toBeDefined();
    }
  });

  it('are named by the key of the operator, and Secure where TLS is in front', async () => {
    await own({ sticky: {} });
    const named = async (): Promise<Set<string>> => {
      const found = new Set<string>();
      for (let n = 0; n < 3; n += 1) found.add(cookieOf(await askOwn())?.split(';')[0] ?? '');
      return found;
    };
    const before = await named();
    await restart({ stickyKey: 'of the operator', trustForwarded: true });
    const after = await named();
    expect([before.size, after.size]).toEqual([3, 3]);
    expect([...after].filter((one) => before.has(one))).toEqual([]);
    const secure = cookieOf(await askOwn({ headers: { 'X-Forwarded-Proto': 'https' } }));
    expect(secure).toMatch(/; Secure$/);
  });
});

it('plain accesses are sent to HTTPS where the POD wants it', async () => {
  await own({ redirectToHttps: true });
  const answer = await ask('/a?b=%20', { host: 'own.example:8080', method: 'POST', body: 'x' });
  expect([answer.status, answer.headers.location]).toEqual([308, 'https://own.example/a?b=%20']);
  expect(asked()).toEqual([0, 0, 0]);
  await restart({ trustForwarded: true, tlsPublicPort: 8443 });
  expect((await askOwn()).headers.location).toBe('https://own.example:8443/');
  expect((await askOwn({ headers: { 'X-Forwarded-Proto': 'https' } })).status).toBe(200);
});
