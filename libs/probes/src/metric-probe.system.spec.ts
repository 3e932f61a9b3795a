import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Check, ServerSpec } from '@podway/contracts';
import type { HostSession } from '@podway/hosts';
import { startPrometheus, type TestPrometheus } from '@podway/testing/prometheus';
import { freePort } from '@podway/testing/ssh-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runChecks } from './run-checks.js';

/** What each server says of itself, by name. */
const numbers: Record<string, number> = { web1: 90, web2: 30, web3: 40 };
const sites: Server[] = [];
const specs: ServerSpec[] = [];
let prometheus: TestPrometheus;

beforeAll(async () => {
  for (const name of Object.keys(numbers)) {
    const site = createServer((_, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(`# TYPE queue_length gauge\nqueue_length{name="${name}"} ${numbers[name]}\n`);
    });
    const port = await freePort();
    site.listen(port, '127.0.0.1');
    await once(site, 'listening');
    sites.push(site);
    specs.push({ name, local: true, http: `http://127.0.0.1:${port}` });
  }
  prometheus = await startPrometheus({ targets: specs.map(({ http }) => new URL(http).host) });
});
afterAll(async () => {
  await prometheus?.stop();
  for (const site of sites) site.close();
});

async function measured(check: Partial<Check>, name = 'web1') {
  const server = specs.find((spec) => spec.name === name) ?? {
    name,
    local: true,
    http: 'http://127.0.0.1:1',
  };
  const [evidence] = await runChecks([{ probe: 'metric', tries: 1, ...check }], {
    ...{ server, session: undefined as unknown as HostSession, path: '/srv/shop', hosts: [] },
    others: specs.filter((spec) => spec.name !== name),
    metrics: { url: prometheus.url, pod: 'shop', client: 'acme' },
  });
  return evidence!;
}

describe('the probe metric, with a real Prometheus', () => {
  const own = 'queue_length{instance="{{address}}"}';

  it('asks about this server', async () => {
    expect(await measured({ query: own, max: 100 })).toMatchObject({ verdict: 'passed', detail: '90' });
    expect(await measured({ query: own, max: 50 })).toMatchObject({
      verdict: 'failed',
      detail: '90 instead of at most 50',
    });
    expect(await measured({ query: own, max: 50 }, 'web2')).toMatchObject({ verdict: 'passed' });
  });

  it('asks by a regular expression without meaning more than the server', async () => {
    const query = 'count(queue_length{name=~"{{server}}"})';
    expect(await measured({ query, max: 1 })).toMatchObject({ verdict: 'passed', detail: '1' });
    expect(await measured({ query, max: 1 }, '.*')).toMatchObject({ verdict: 'inconclusive' });
    expect(
      await measured({ query: 'count(queue_length{name="{{server}}"})', max: 1 }, 'x"} or up #'),
    ).toMatchObject({ verdict: 'inconclusive', detail: 'the query gives no data' });
  });

  it('compares with the others', async () => {
    expect(await measured({ query: own, maxRatio: 2 })).toMatchObject({
      verdict: 'failed',
      measures: [{ value: 90, others: 30, max: 60 }],
    });
    expect(await measured({ query: own, maxRatio: 2, floor: 70 })).toMatchObject({ verdict: 'passed' });
  });

  it.each([
    ['queue_length{name="none"}', 'inconclusive', /no data/],
    ['queue_length', 'error', /gives 3 series/],
    ['0 * queue_length{instance="{{address}}"} / 0', 'inconclusive', /NaN/],
    ['queue_length[1m]', 'error', /matrix/],
    ['rate(', 'error', /status 400.*parse error/],
    ['scalar(sum(queue_length))', 'passed', /^160$/],
  ] as const)('%s: %s', async (query, verdict, detail) => {
    const evidence = await measured({ query, max: 1_000 });
    expect(evidence.verdict).toBe(verdict);
    expect(evidence.detail).toMatch(detail);
  });

  it('makes the example of docs/verification.md', async () => {
    const page = readFileSync(new URL('../../../docs/verification.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```yaml\n(checks:\n[^]*?)```/g)];
    const checks = examples.flatMap(([, text = '']) => (parse(text) as { checks: Check[] }).checks);
    const [example, ...others] = checks.filter(({ probe }) => probe === 'metric');
    expect(others).toEqual([]);
    expect(await measured(example!)).toMatchObject({ verdict: 'passed', measures: [{ others: 30 }] });
    expect(await measured({ ...example, max: 80 })).toMatchObject({ verdict: 'failed' });
  });

  it('sees the number change from sample to sample', async () => {
    numbers.web1 = 10;
    const check = { query: own, max: 20, tries: 50, intervalMs: 100, samples: 3 };
    const evidence = await measured(check);
    expect(evidence).toMatchObject({ verdict: 'passed', samples: { passed: 3 } });
    numbers.web1 = 90;
  });
});
