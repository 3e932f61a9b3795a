import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HealthSpec } from '@podway/contracts';
import { accessDefaults } from '../../test/access-defaults.js';
import { pod } from '../../test/gateway.js';
import { startUpstream, type Upstream } from '../../test/upstream.js';
import { HealthChecks } from './health-checks.js';
import { RouteTable } from './route-table.js';

let upstream: Upstream;
let checks: HealthChecks;
let changes: string[];
beforeEach(async () => {
  upstream = await startUpstream('one');
  changes = [];
});
afterEach(async () => {
  checks.stop();
  await upstream.stop();
});

const watch = (mostAtOnce = 16): HealthChecks =>
  new HealthChecks(mostAtOnce, (key, healthy, reason) => changes.push(`${key} ${healthy} ${reason}`));

function table(urls: string[], health: HealthSpec, out: string[] = []): RouteTable {
  return new RouteTable(
    [{ spec: pod('shop', 'acme', { urls, accesses: { health } }), revision: 1 }],
    { generation: 1, out: new Set(out), writesFenced: new Set() },
    { defaults: accessDefaults },
  );
}

it.each<[string, HealthSpec, string]>([
  ['another status than expected', { expectStatus: 204 }, 'it answered with status 200'],
  ['no answer in time', { path: '/slow', timeoutMs: 50 }, 'it did not answer in time'],
  ['a closed connection', { path: '/close' }, 'socket hang up'],
])('knows what is wrong: %s', async (_, health, reason) => {
  upstream.answer((request, response) => {
    if (request.url === '/close') request.socket.destroy();
    else if (request.url !== '/slow') response.end();
  });
  checks = watch();
  checks.follow(table([upstream.url], { intervalMs: 50, unhealthyAfter: 2, ...health }));
  await expect.poll(() => changes).toEqual([`shop/s1 false ${reason}`]);
  expect(checks.isHealthy('shop/s1')).toBe(false);
});

it('never runs more at once than it may, and comes to all', async () => {
  let now = 0;
  let most = 0;
  const asked = new Set<string>();
  upstream.answer((request, response) => {
    asked.add(request.headers.host ?? '');
    most = Math.max(most, (now += 1));
    setTimeout(() => {
      now -= 1;
      response.end();
    }, 20);
  });
  checks = watch(2);
  const urls = Array.from({ length: 12 }, () => upstream.url);
  checks.follow(table(urls, { intervalMs: 50 }));
  await expect.poll(() => upstream.asked.length, { timeout: 5_000 }).toBeGreaterThan(30);
  expect(most).toBe(2);
});

it('goes on through new tables, and forgets a server with its address', async () => {
  upstream.answer((_, response) => void response.writeHead(500).end());
  checks = watch();
  const health = { intervalMs: 50, unhealthyAfter: 2 };
  for (let n = 0; n < 20; n += 1) {
    checks.follow(table([upstream.url], health));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await expect.poll(() => checks.isHealthy('shop/s1')).toBe(false);
  // New tables did not make more checks than one each interval.
  expect(upstream.asked.length).toBeLessThan(12);
  checks.follow(table([upstream.url], health, ['shop/s1']));
  checks.follow(table([upstream.url], health));
  expect(checks.isHealthy('shop/s1')).toBe(false);
  const other = await startUpstream('two');
  checks.follow(table([other.url], health));
  expect(checks.isHealthy('shop/s1')).toBe(true);
  await expect.poll(() => other.asked.length).toBeGreaterThan(1);
  checks.stop();
  await other.stop();
});

it('stops', async () => {
  upstream.answer(() => undefined);
  checks = watch();
  checks.follow(table([upstream.url], { intervalMs: 50, timeoutMs: 60_000 }));
  await expect.poll(() => upstream.asked.length).toBe(1);
  checks.stop();
  await expect.poll(() => upstream.asked[0]?.socket.destroyed).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(upstream.asked).toHaveLength(1);
});
