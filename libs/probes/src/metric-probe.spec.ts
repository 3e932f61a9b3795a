import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Check, Verdict } from '@podway/contracts';
import type { HostSession } from '@podway/hosts';
import { freePort } from '@podway/testing/ssh-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from './run-checks.js';

let prometheus: Server;
let url = '';
let asked: string[] = [];
/** Query -> result of it, or a whole answer. */
const answers = new Map<string, { result?: unknown; resultType?: string; status?: number; body?: string }>();

beforeAll(async () => {
  prometheus = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const query = new URLSearchParams(body).get('query') ?? '';
      asked.push(`${request.method} ${request.url} ${query}`);
      const { result = [], resultType = 'vector', status = 200, body: whole } = answers.get(query) ?? {};
      response
        .writeHead(status, { location: `${url}/elsewhere` })
        .end(whole ?? JSON.stringify({ status: 'success', data: { resultType, result } }));
    });
  });
  const port = await freePort();
  prometheus.listen(port, '127.0.0.1');
  await once(prometheus, 'listening');
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => prometheus.close());

const series = (...values: string[]) => ({
  result: values.map((value) => ({ metric: {}, value: [1, value] })),
});
const server = (name: string, address: string) => ({ name, local: true, http: `http://${address}` });

async function measured(check: Partial<Check>, { others = ['web2', 'web3'], base = `${url}/` } = {}) {
  asked = [];
  const [evidence] = await runChecks(
    [{ probe: 'metric', query: 'q', tries: 1, timeoutMs: 2_000, ...check }],
    {
      server: server('web1', '10.0.0.1:8080'),
      ...{ session: undefined as unknown as HostSession, path: '/srv/shop', hosts: [] },
      others: others.map((name) => server(name, `10.0.0.${name.slice(3)}`)),
      metrics: { url: base, pod: 'shop', client: 'acme' },
    },
  );
  return evidence!;
}

describe('the probe metric', () => {
  it.each<[string, object, Partial<Check>, Verdict, string | RegExp]>([
    ['a number in its bounds', series('3.5'), { max: 4, min: 3 }, 'passed', '3.5'],
    ['a number at its bound', series('4'), { max: 4 }, 'passed', '4'],
    ['too much', series('4.5'), { max: 4 }, 'failed', '4.5 instead of at most 4'],
    ['a small number', series('0.00041'), { max: 0.0004 }, 'failed', '0.00041 instead of at most 0.0004'],
    ['a vast number', series('1e308'), { max: 4 }, 'failed', '1e+308 instead of at most 4'],
    ['too little', series('1'), { max: 4, min: 3 }, 'failed', '1 instead of at least 3'],
    ['a division by nothing', series('+Inf'), { max: 4 }, 'failed', 'Infinity instead of at most 4'],
    ['a scalar', { resultType: 'scalar', result: [1, '2'] }, { max: 4 }, 'passed', '2'],
    ['no data', series(), { max: 4 }, 'inconclusive', 'the query gives no data'],
    ['NaN', series('NaN'), { max: 4 }, 'inconclusive', /NaN/],
    ['several series', series('1', '2'), { max: 4 }, 'error', /gives 2 series instead of one/],
    ['a range', { resultType: 'matrix' }, { max: 4 }, 'error', 'the query gives no number but a matrix'],
    [
      'a query that is none',
      { status: 400, body: '{"status":"error","errorType":"bad_data","error":"parse error"}' },
      { max: 4 },
      'error',
      'Prometheus answered with status 400: parse error',
    ],
    ['something else', { status: 200, body: '<html>' }, { max: 4 }, 'error', /status 200/],
    ['a success without anything', { body: '{"status":"success"}' }, { max: 4 }, 'error', /a undefined/],
    ['a number that is none', series('x'), { max: 4 }, 'error', /has no number/],
    ['a redirect', { status: 302, body: '' }, { max: 4 }, 'error', /status 302/],
    ['too large an answer', { body: ' '.repeat(1_100_000) }, { max: 4 }, 'error', /too large/],
  ])('%s', async (_, answer, check, verdict, detail) => {
    answers.set('q', answer);
    const evidence = await measured(check);
    expect(evidence).toMatchObject({ server: 'web1', probe: 'metric q', verdict });
    expect(evidence.detail).toMatch(detail);
    expect(asked).toEqual(['POST /api/v1/query q']);
  });

  it('tells an error of its own when Prometheus is not there, without its address', async () => {
    const port = await freePort();
    const evidence = await measured({ max: 1 }, { base: `http://127.0.0.1:${port}` });
    expect(evidence).toMatchObject({
      verdict: 'error',
      detail: 'Prometheus cannot be reached (ECONNREFUSED)',
    });
  });

  it('fills in the server, and measures several times', async () => {
    answers.set('up{instance="10.0.0.1:8080",pod="shop"}', series('1'));
    const query = 'up{instance="{{address}}",pod="{{pod}}"}';
    expect(await measured({ query, min: 1, samples: 3, intervalMs: 0 })).toMatchObject({
      verdict: 'passed',
      samples: { passed: 3, failed: 0, error: 0, inconclusive: 0 },
      measures: [{ what: 'value', value: 1, min: 1, values: [1, 1, 1] }],
    });
  });
});

describe('the probe metric, compared with the others', () => {
  const query = 'q{s="{{server}}"}';
  const given = (own: object, ...others: object[]): void => {
    [own, ...others].forEach((answer, index) => answers.set(`q{s="web${index + 1}"}`, answer));
  };

  it.each<[string, [object, object, object], Partial<Check>, Verdict, string | RegExp]>([
    ['as they are', [series('2'), series('2'), series('3')], {}, 'passed', '2, median of 2 others 2'],
    ['too much more', [series('5'), series('2'), series('3')], {}, 'failed', /others 2: at most 4$/],
    ['more, but little', [series('5'), series('2'), series('3')], { floor: 3 }, 'passed', /^5/],
    ['from nothing', [series('1'), series('0'), series('0')], {}, 'failed', /at most 0$/],
    ['one without data', [series('5'), series(), series('3')], {}, 'passed', '5, median of 1 others 3'],
    ['all without data', [series('5'), series(), series()], {}, 'inconclusive', /^no number of the 2 others/],
    ['its bound before all', [series('5'), series('9'), series('9')], { max: 4 }, 'failed', /at most 4$/],
  ])('%s', async (_, [own, second, third], check, verdict, detail) => {
    given(own, second, third);
    const evidence = await measured({ query, maxRatio: 2, ...check });
    expect(evidence.verdict).toBe(verdict);
    expect(evidence.detail).toMatch(detail);
  });

  it('shows what it was compared with', async () => {
    given(series('5'), series('2'), series('3'));
    expect((await measured({ query, maxRatio: 3 })).measures).toEqual([
      { what: 'value', value: 5, others: 2, max: 6 },
    ]);
  });

  it('tells nothing without others, unless the check says that this passes', async () => {
    given(series('5'));
    expect(await measured({ query, maxRatio: 3 }, { others: [] })).toMatchObject({
      verdict: 'inconclusive',
      detail: 'no other server in rotation is known to be on an older release',
    });
    const check = { query, maxRatio: 3, withoutOthers: 'passed' } as const;
    expect(await measured(check, { others: [] })).toMatchObject({ verdict: 'passed' });
  });
});
