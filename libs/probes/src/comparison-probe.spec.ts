import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check, ServerSpec } from '@podway/contracts';
import type { HostSession } from '@podway/hosts';
import { freePort } from '@podway/testing/ssh-servers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runChecks } from './run-checks.js';

/** How a server answers its nth request: a status, no answer (0), or a place to go to (302). */
interface Manner {
  status: (count: number) => number;
  delayMs: (count: number) => number;
}

const good = (): Manner => ({ status: () => 200, delayMs: () => 0 });
const seen = new Map<string, string[]>();
const manners = new Map<string, Manner>();
const sites = new Map<string, Server>();
const specs = new Map<string, ServerSpec>();
let decoyHits = 0;
let decoy: Server;

async function listen(server: Server): Promise<string> {
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${port}`;
}

beforeAll(async () => {
  decoy = createServer((_, response) => {
    decoyHits += 1;
    response.end();
  });
  const elsewhere = await listen(decoy);
  for (const name of ['canary', 'web2', 'web3']) {
    const site = createServer((request, response) => {
      const asked = seen.get(name) ?? [];
      seen.set(name, [...asked, `${request.headers.host}${request.url}`]);
      const { status, delayMs } = manners.get(name) ?? good();
      const code = status(asked.length);
      if (code === 0) return void response.socket?.resetAndDestroy();
      void sleep(delayMs(asked.length)).then(() =>
        response.writeHead(code, { location: elsewhere }).end('x'),
      );
    });
    sites.set(name, site);
    specs.set(name, { name, local: true, http: await listen(site) });
  }
});
beforeEach(() => {
  seen.clear();
  manners.clear();
});
afterAll(() => {
  for (const site of [...sites.values(), decoy]) site.close();
});

async function compared(check: Partial<Check> = {}, others = ['web2', 'web3']) {
  const [evidence] = await runChecks(
    [{ probe: 'comparison', intervalMs: 0, timeoutMs: 2_000, latencyFloorMs: 2_000, ...check }],
    {
      server: specs.get('canary')!,
      session: undefined as unknown as HostSession,
      path: '/srv/shop',
      hosts: ['shop.example'],
      others: others.map((name) => specs.get(name)!),
    },
  );
  return evidence!;
}

const every = (nth: number, status: number) => (count: number) => (count % nth === 0 ? status : 200);

describe('a comparison of statuses', () => {
  it('asks the canary and the others the same, and does not count the first answers', async () => {
    const evidence = await compared({ path: '/a?b=1' });
    expect(evidence).toMatchObject({
      server: 'canary',
      probe: 'comparison GET /a?b=1',
      verdict: 'passed',
      detail: '20 requests to each side: 200 20 times; the others 200 20 times',
      measures: [
        { what: 'statuses', unit: 'share', value: 0, max: 0 },
        { what: 'latency p50', unit: 'ms' },
        { what: 'latency p95', unit: 'ms' },
      ],
    });
    expect(['canary', 'web2', 'web3'].map((name) => seen.get(name)?.length)).toEqual([21, 11, 11]);
    expect(new Set([...seen.values()].flat())).toEqual(new Set(['shop.example/a?b=1']));
  });

  it('fails when the canary errs more often than they may', async () => {
    manners.set('canary', { ...good(), status: every(5, 500) });
    const evidence = await compared();
    expect(evidence).toMatchObject({
      verdict: 'failed',
      detail: '20 requests to each side: 200 16 times, 500 4 times; the others 200 20 times',
      measures: [{ what: 'statuses', value: 0.2, max: 0 }, {}, {}],
    });
    expect(await compared({ maxStatusDifference: 0.2 })).toMatchObject({ verdict: 'passed' });
  });

  it('passes when the others err as often, or more', async () => {
    for (const name of ['canary', 'web2', 'web3']) manners.set(name, { ...good(), status: () => 404 });
    expect(await compared()).toMatchObject({ verdict: 'passed' });
    manners.delete('canary');
    expect(await compared()).toMatchObject({ verdict: 'passed', measures: [{ value: 0 }, {}, {}] });
  });

  it('takes a redirect for what it is, and follows none', async () => {
    manners.set('canary', { ...good(), status: () => 302 });
    expect(await compared()).toMatchObject({ verdict: 'failed', measures: [{ value: 1 }, {}, {}] });
    expect(decoyHits).toBe(0);
  });

  it('counts no answer as one', async () => {
    manners.set('canary', { ...good(), status: every(2, 0) });
    const evidence = await compared();
    expect(evidence).toMatchObject({ verdict: 'failed', measures: [{ value: 0.5 }, {}, {}] });
    expect(evidence.detail).toContain('no answer 10 times');
  });
});

describe('a comparison of latency', () => {
  const slow = (ms: number): Manner => ({ ...good(), delayMs: () => ms });

  it('fails when the canary is slower by more than the ratio and the floor', async () => {
    manners.set('canary', slow(400));
    const evidence = await compared({ latencyFloorMs: 100, samples: 6 });
    expect(evidence).toMatchObject({ verdict: 'failed' });
    expect(evidence.detail).toMatch(
      /latency p50 is \d+ ms, of the others \d+ ms \(at most 2 times and 100 ms more\)/,
    );
    expect(evidence.measures).toEqual([
      expect.anything(),
      expect.objectContaining({ what: 'latency p50', others: expect.any(Number) as number }),
      expect.objectContaining({ what: 'latency p95', others: expect.any(Number) as number }),
    ]);
  });

  it('is not about small differences, whatever the ratio', async () => {
    manners.set('canary', slow(20));
    expect(await compared({ latencyFloorMs: 2_000 })).toMatchObject({ verdict: 'passed' });
  });

  it('is about p95, too', async () => {
    manners.set('canary', { ...good(), delayMs: (count) => (count % 5 === 0 ? 800 : 0) });
    const { verdict, detail } = await compared({ latencyFloorMs: 300 });
    expect(verdict).toBe('failed');
    expect(detail).toMatch(/latency p95/);
    expect(detail).not.toMatch(/latency p50/);
  });
});

describe('a comparison that cannot be made', () => {
  it.each([
    [undefined, 'inconclusive'],
    ['passed', 'passed'],
  ] as const)('without others, when the check says %s: %s', async (withoutOthers, verdict) => {
    const evidence = await compared(withoutOthers ? { withoutOthers } : {}, []);
    expect(evidence.verdict).toBe(verdict);
    expect(evidence.detail).toMatch(/^no other server in rotation is known to be on an older release/);
    expect(seen.size).toBe(0);
  });

  it('tells nothing when the others do not answer often enough', async () => {
    for (const name of ['web2', 'web3']) manners.set(name, { ...good(), status: every(10, 200) });
    manners.set('web2', { ...good(), status: () => 0 });
    manners.set('web3', { ...good(), status: (count) => (count < 9 ? 200 : 0) });
    expect(await compared()).toMatchObject({
      verdict: 'inconclusive',
      detail: 'too few samples: 8 of 20 requests to the others were answered, 10 are needed',
    });
  });

  it('ends when it is given up', async () => {
    const running = runChecks(
      [{ probe: 'comparison', samples: 1000, intervalMs: 100 }],
      {
        server: specs.get('canary')!,
        ...{
          session: undefined as unknown as HostSession,
          path: '/',
          hosts: [],
          others: [specs.get('web2')!],
        },
      },
      AbortSignal.timeout(150),
    );
    await expect(running).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
