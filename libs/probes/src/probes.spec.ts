import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check, Verdict } from '@podway/contracts';
import { InventoryHostSessions } from '@podway/hosts';
import { freePort, SshServers } from '@podway/testing/ssh-servers';
import { runChecks, verdictOf } from './run-checks.js';
import type { ProbeTarget } from './probe.js';

let folder: string;
let web: Server;
let raw: TcpServer;
let decoy: Server;
let decoyHits = 0;
let flaky = 0;
let seen: { url?: string; host?: string }[] = [];
const sessions = new InventoryHostSessions();
const ports = { web: 0, raw: 0, decoy: 0, closed: 0 };

function answer(request: IncomingMessage, response: ServerResponse): void {
  seen.push({ url: request.url, host: request.headers.host });
  const { pathname } = new URL(request.url ?? '', 'http://x');
  if (pathname === '/ok') response.end('<h1>all is well</h1>');
  else if (pathname === '/broken') response.writeHead(500).end();
  else if (pathname === '/flaky') response.writeHead((flaky += 1) % 3 === 0 ? 200 : 503).end();
  else if (pathname === '/moved')
    response.writeHead(302, { location: `http://127.0.0.1:${ports.decoy}/` }).end();
  else if (pathname === '/endless') endless(response);
  else if (pathname === '/cut') response.write('half of', () => response.socket?.resetAndDestroy());
  else if (pathname === '/silent') return;
  else response.writeHead(404).end();
}

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (response.write(Buffer.alloc(65_536, 'x')));
  };
  response.on('drain', more).on('error', () => undefined);
  more();
}

async function listening<T extends Server | TcpServer>(server: T): Promise<number> {
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return port;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podway-probes-'));
  mkdirSync(join(folder, 'releases/a'), { recursive: true });
  writeFileSync(join(folder, 'releases/a/index.html'), 'hello');
  writeFileSync(join(folder, 'releases/a/check.sh'), '#!/bin/sh\npwd -P\n');
  chmodSync(join(folder, 'releases/a/check.sh'), 0o755);
  symlinkSync('releases/a', join(folder, 'current'));
  web = createServer(answer);
  decoy = createServer((_, response) => {
    decoyHits += 1;
    response.end();
  });
  raw = createTcpServer((socket: Socket) =>
    socket.on('error', () => undefined).end('this is not HTTP\r\n\r\n'),
  );
  ports.web = await listening(web);
  ports.decoy = await listening(decoy);
  ports.raw = await listening(raw);
  ports.closed = await freePort();
});
afterAll(async () => {
  web.closeAllConnections();
  for (const server of [web, raw, decoy]) server.close();
  await sessions.close();
  rmSync(folder, { recursive: true, force: true });
});

async function target(port = ports.web): Promise<ProbeTarget> {
  const server = { name: 'web-1', local: true, http: `http://127.0.0.1:${port}` };
  return {
    server,
    session: await sessions.session(server),
    path: folder,
    hosts: ['shop.example', 'other.example'],
  };
}

async function evidenceOf(check: Partial<Check>, port?: number) {
  const full = { probe: 'http', tries: 1, timeoutMs: 2_000, ...check } as Check;
  const [evidence] = await runChecks([full], await target(port));
  return evidence;
}

describe('the probe http', () => {
  it.each<[string, Partial<Check>, Verdict]>([
    ['the expected status', { path: '/ok' }, 'passed'],
    ['the expected text', { path: '/ok', expectText: 'all is well' }, 'passed'],
    ['another text', { path: '/ok', expectText: 'all is lost' }, 'failed'],
    ['another status', { path: '/broken' }, 'failed'],
    ['an expected bad status', { path: '/none', expectStatus: 404 }, 'passed'],
    ['an expected redirect', { path: '/moved', expectStatus: 302 }, 'passed'],
    ['a redirect that is not expected', { path: '/moved' }, 'failed'],
    ['an endless answer', { path: '/endless' }, 'passed'],
    ['a connection that is reset in the answer', { path: '/cut' }, 'inconclusive'],
    ['no answer in time', { path: '/silent', timeoutMs: 100 }, 'inconclusive'],
    ['a path that looks like another host', { path: `//127.0.0.1:1/ok`, expectStatus: 200 }, 'passed'],
  ])('%s', async (_, check, verdict) => {
    expect(await evidenceOf(check)).toMatchObject({ server: 'web-1', verdict });
  });

  it('tells a server that refuses, one that does not speak HTTP, and one that has no address', async () => {
    expect(await evidenceOf({}, ports.closed)).toMatchObject({ verdict: 'failed' });
    expect(await evidenceOf({}, ports.raw)).toMatchObject({ verdict: 'failed' });
    const nowhere = { ...(await target()), server: { name: 'web-1', http: 'http://no-such-host.invalid' } };
    const [evidence] = await runChecks([{ probe: 'http', tries: 1 }], nowhere);
    expect(evidence).toMatchObject({ verdict: 'error' });
  });

  it('asks under the name of the POD, or the one of the check', async () => {
    seen = [];
    await evidenceOf({ path: '/ok?a=1' });
    await evidenceOf({ path: '/ok', host: 'www.shop.example:81' });
    expect(seen).toEqual([
      { url: '/ok?a=1', host: 'shop.example' },
      { url: '/ok', host: 'www.shop.example:81' },
    ]);
  });

  it('never goes anywhere else', () => {
    expect(decoyHits).toBe(0);
  });
});

describe('the probe tcp', () => {
  it('tells an open port from a closed one', async () => {
    expect(await evidenceOf({ probe: 'tcp' })).toMatchObject({
      verdict: 'passed',
      probe: `tcp ${ports.web}`,
    });
    expect(await evidenceOf({ probe: 'tcp', port: ports.raw })).toMatchObject({ verdict: 'passed' });
    expect(await evidenceOf({ probe: 'tcp', port: ports.closed })).toMatchObject({ verdict: 'failed' });
  });
});

describe('the probe command', () => {
  it.each<[string, Partial<Check>, Verdict]>([
    ['exit code 0', { run: ['true'] }, 'passed'],
    ['exit code 1', { run: ['false'] }, 'failed'],
    ['exit code 125', { run: ['sh', '-c', 'exit 125'] }, 'failed'],
    ['a program that is not there', { run: ['podway-no-such-program'] }, 'error'],
    ['a file that is no program', { run: ['./index.html'] }, 'error'],
    ['a signal', { run: ['sh', '-c', 'kill -9 $$'] }, 'error'],
    ['no program', {}, 'error'],
    ['the expected text', { run: ['echo', 'all is well'], expectText: 'well' }, 'passed'],
    ['another text', { run: ['echo', 'all is well'], expectText: 'lost' }, 'failed'],
    ['no end in time', { run: ['sleep', '60'], timeoutMs: 100 }, 'inconclusive'],
    ['too much output', { run: ['cat', '/dev/zero'] }, 'error'],
    ['arguments as they are', { run: ['test', '$(id) ; `id`', '=', '$(id) ; `id`'] }, 'passed'],
  ])('%s', async (_, check, verdict) => {
    expect(await evidenceOf({ probe: 'command', ...check })).toMatchObject({ verdict });
  });

  it('runs in the live tree', async () => {
    expect(
      await evidenceOf({ probe: 'command', run: ['./check.sh'], expectText: '/releases/a' }),
    ).toMatchObject({
      verdict: 'passed',
    });
    const empty = { ...(await target()), path: join(folder, 'none') };
    const [evidence] = await runChecks([{ probe: 'command', run: ['true'], tries: 1 }], empty);
    expect(evidence).toMatchObject({ verdict: 'error' });
  });
});

describe('the probe fingerprint', () => {
  const sha256 = createHash('sha256').update('hello').digest('hex');
  it.each<[string, Partial<Check>, Verdict]>([
    ['the file as it must be', { file: 'index.html', sha256 }, 'passed'],
    ['another file', { file: 'check.sh', sha256 }, 'failed'],
    ['no such file', { file: 'none.html', sha256 }, 'failed'],
    ['no file named', { sha256 }, 'error'],
  ])('%s', async (_, check, verdict) => {
    expect(await evidenceOf({ probe: 'fingerprint', ...check })).toMatchObject({ verdict });
  });
});

describe('running checks', () => {
  it('tries again before a result counts, and says so', async () => {
    flaky = 0;
    const check = { path: '/flaky', intervalMs: 1 };
    expect(await evidenceOf({ ...check, tries: 3 })).toMatchObject({
      verdict: 'passed',
      detail: 'status 200 (try 3)',
    });
    expect(await evidenceOf({ ...check, tries: 2 })).toMatchObject({ verdict: 'failed' });
    expect(flaky).toBe(5);
  });

  it('keeps the order of the checks and names them', async () => {
    const checks: Check[] = [
      { probe: 'command', run: ['sh', '-c', 'sleep 0.1'] },
      { probe: 'http', path: '/ok', name: 'shop answers' },
      ...Array.from({ length: 8 }, (): Check => ({ probe: 'tcp' })),
      { probe: 'fingerprint', file: 'index.html', sha256: 'f'.repeat(64), tries: 1 },
    ];
    const evidence = await runChecks(checks, await target());
    expect(evidence.map(({ probe }) => probe)).toEqual([
      'command sh -c sleep 0.1',
      'shop answers',
      ...Array.from({ length: 8 }, () => `tcp ${ports.web}`),
      'fingerprint index.html',
    ]);
    expect(verdictOf(evidence)).toBe('failed');
  });

  it('stops when it is given up', async () => {
    const controller = new AbortController();
    const reason = new Error('deadline');
    const checks: Check[] = [
      { probe: 'http', path: '/silent' },
      { probe: 'command', run: ['sleep', '60'] },
    ];
    const running = runChecks(checks, await target(), controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
    await expect(runChecks(checks, await target(), controller.signal)).rejects.toBe(reason);
  });

  it('cannot tell anything of a server that went away', async () => {
    const servers = await SshServers.start();
    const spec = servers.at(0).spec();
    const gone: ProbeTarget = {
      server: spec,
      session: await sessions.session(spec),
      path: folder,
      hosts: [],
    };
    await servers.at(0).stop();
    // What still runs of its connection may answer once more.
    const verdict = async (): Promise<unknown> =>
      (await runChecks([{ probe: 'command', run: ['true'], tries: 1 }], gone))[0]?.verdict;
    await expect.poll(verdict, { timeout: 10_000 }).toBe('inconclusive');
    await servers.stop();
  });

  it.each<[Verdict[], string]>([
    [[], 'passed'],
    [['passed', 'passed'], 'passed'],
    [['passed', 'error'], 'error'],
    [['inconclusive', 'error', 'passed'], 'error'],
    [['passed', 'inconclusive'], 'inconclusive'],
    [['error', 'failed', 'inconclusive', 'passed'], 'failed'],
  ])('of %j is %s in all', (verdicts, expected) => {
    expect(verdictOf(verdicts.map((verdict) => ({ verdict })))).toBe(expected);
  });
});
