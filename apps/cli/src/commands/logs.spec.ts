import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine } from '@podway/contracts';
import { podway as run, type Ran, type RunOptions } from '../../test/run.js';

const DEPLOYMENT = '01JX4E7Q2M8V3K5N6P9R0S1T2W';
const line = (number: number, changes: Partial<LogLine> = {}): LogLine => ({
  ...{ number, at: '2026-03-02T09:12:30.123Z', server: 'web1', step: 'Installing', part: 'site' },
  ...{ run: 0, line: number - 1, level: 'info', text: `line ${number}` },
  ...changes,
});

let server: Server;
let asked: URL[];
let lines: LogLine[];
let stream: string[];
let deployments: { id: string }[];

/** The API, as far as the command asks it. */
function answer(url: URL): [type: string, body: string, status?: number] {
  asked.push(url);
  const json = (body: object): [string, string] => ['application/json', JSON.stringify(body)];
  if (url.pathname === '/v1/pods') return json({ pods: [{ name: 'shop' }] });
  if (url.pathname === '/v1/pods/shop') return json({ name: 'shop' });
  if (url.pathname.startsWith('/v1/pods/'))
    return [
      'application/problem+json',
      JSON.stringify({ status: 404, code: 'POD.NOT_FOUND', detail: 'none' }),
      404,
    ];
  if (url.pathname === '/v1/deployments') return json({ deployments });
  if (url.pathname.endsWith('/stream')) return ['text/event-stream', stream.shift() ?? ''];
  const limit = Number(url.searchParams.get('limit'));
  const rest = lines.filter(({ number }) => number > Number(url.searchParams.get('after') ?? 0));
  const page = rest.slice(0, limit);
  return json({ lines: page, ...(page.length === limit ? { next: page.at(-1)?.number } : {}) });
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const [type, body, status = 200] = answer(new URL(request.url ?? '', 'http://x'));
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  asked = [];
  stream = [];
  lines = [line(1), line(2, { level: 'warning' }), line(3, { level: 'error', server: 'web2' })];
  deployments = [{ id: DEPLOYMENT }];
});

function podway(args: string, options: RunOptions = {}): Promise<Ran> {
  const { port } = server.address() as AddressInfo;
  const env = { PODWAY_URL: `http://127.0.0.1:${port}`, PODWAY_KEY: 'k', NO_COLOR: '1', ...options.env };
  return run(['logs', ...args.split(' ').filter(Boolean)], { ...options, env });
}

describe('logs', () => {
  it('prints time, server, part, level and text', async () => {
    expect(await podway(DEPLOYMENT)).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        '09:12:30 web1 site: line 1',
        '09:12:30 web1 site: warning: line 2',
        '09:12:30 web2 site: error: line 3',
        '',
      ].join('\n'),
    });
  });

  it.each(['', '--pod shop'])('prints those of the latest deployment: %s', async (args) => {
    expect((await podway(args)).stdout).toContain('line 3');
    const list = asked.find(({ pathname }) => pathname === '/v1/deployments');
    expect(list?.search).toBe('?pod=shop&limit=1');
    deployments = [];
    expect(await podway(args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('POD shop has no deployment yet'),
    });
  });

  it('tells a POD without a deployment from one that there is not', async () => {
    deployments = [];
    expect(await podway('--pod ship')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('POD.NOT_FOUND'),
    });
  });

  it('asks for what it was asked for', async () => {
    await podway(`${DEPLOYMENT} --server web1 --step Verifying --level warning --search a%b --after 2`);
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
      ...{ server: 'web1', step: 'Verifying', level: 'warning', search: 'a%b', after: '2', limit: '1000' },
    });
  });

  it('prints all pages, or so many lines and where they go on', async () => {
    lines = Array.from({ length: 2_500 }, (_, index) => line(index + 1));
    const all = (await podway(DEPLOYMENT)).stdout.trimEnd().split('\n');
    expect(all).toHaveLength(2_500);
    expect(all.at(-1)).toContain('line 2500');
    const some = await podway(`${DEPLOYMENT} --limit 1200`);
    expect(some.stdout.trimEnd().split('\n')).toHaveLength(1_200);
    expect(some.stderr).toBe('The next lines: --after 1200\n');
  });

  it('gives a line of JSON for each line', async () => {
    const { stdout } = await podway(`${DEPLOYMENT} --json`);
    const printed = stdout.trimEnd().split('\n');
    expect(printed.map((one) => JSON.parse(one) as LogLine)).toEqual(lines);
  });

  it('fits a terminal, loses nothing and lets nobody steer it', async () => {
    const text = `\u001b[2J${'word '.repeat(40)}end`;
    lines = [line(1, { text, level: 'error' })];
    const { stdout } = await podway(DEPLOYMENT, { columns: 60 });
    const printed = stdout.trimEnd().split('\n');
    expect(printed.filter((one) => one.length > 60)).toEqual([]);
    expect(stdout).not.toContain('\u001b');
    expect(printed.map((one, at) => (at === 0 ? one : one.slice(9))).join('')).toContain('word '.repeat(40));
    const coloured = await podway(DEPLOYMENT, { columns: 60, env: { NO_COLOR: '' } });
    expect(coloured.stdout).toContain('\u001b[31m09:12:30 web1 site: error:');
  });

  it('follows until the deployment is over', async () => {
    const sent = (of: LogLine): string => `id: ${of.number}\ndata: ${JSON.stringify(of)}\n\n`;
    const end = 'event: end\ndata: {"state":"Succeeded"}\n\n';
    stream = [`retry: 1\nid: 0\n\n${sent(line(1))}${sent(line(2))}`, sent(line(3)) + end];
    const { stdout, code } = await podway(`${DEPLOYMENT} --follow --server web1`);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((one) => one.slice(-6)),
    ).toEqual(['line 1', 'line 2', 'line 3']);
    expect(asked[0]?.search).toBe('?server=web1');
  });

  it('says when there is nothing', async () => {
    lines = [];
    expect(await podway(DEPLOYMENT)).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: `Deployment ${DEPLOYMENT} has no such lines.\n`,
    });
  });

  it.each([`${DEPLOYMENT} --pod shop`, '--level fatal', '--limit 0', '--after x'])(
    'refuses %s',
    async (args) => {
      expect((await podway(args)).code).toBe(2);
    },
  );
});
