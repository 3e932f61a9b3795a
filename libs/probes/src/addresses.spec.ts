import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Check, validated, type ServerSpec } from '@podway/contracts';
import type { HostSession } from '@podway/hosts';
import { freePort } from '@podway/testing/ssh-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from './run-checks.js';

/** Nothing that a check or a server says leads a probe to another address than the server's own. */
const DECOY = 'DECOY';
let site: Server;
let decoy: Server;
let decoyHits = 0;
let siteHits = 0;
let server: ServerSpec;
let decoyPort = 0;
/** What the site answers, DECOY filled in. */
let answer: { status: number; headers: Record<string, string> } = { status: 200, headers: {} };

async function listen(one: Server): Promise<number> {
  const port = await freePort();
  one.listen(port, '127.0.0.1');
  await once(one, 'listening');
  return port;
}

beforeAll(async () => {
  decoy = createServer((_, response) => {
    decoyHits += 1;
    response.end('the decoy');
  });
  site = createServer((_, response) => {
    siteHits += 1;
    response.writeHead(answer.status, filled(answer.headers)).end('x');
  });
  decoyPort = await listen(decoy);
  server = { name: 'web1', local: true, http: `http://127.0.0.1:${await listen(site)}` };
});
afterAll(() => {
  for (const one of [site, decoy]) one.close();
});

function filled<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll(DECOY, `127.0.0.1:${decoyPort}`)) as T;
}

async function probed(check: object): Promise<void> {
  siteHits = 0;
  const made = validated(Check, filled({ tries: 1, timeoutMs: 2_000, ...check }), { strict: true });
  const session = undefined as unknown as HostSession;
  await runChecks([made], { server, others: [server], session, path: '/', hosts: ['shop.example'] });
  expect(decoyHits).toBe(0);
}

const probes = [
  { probe: 'http' },
  { probe: 'comparison', samples: 5, intervalMs: 0 },
] as const satisfies readonly object[];

describe.each(probes)('$probe', (probe) => {
  it.each([
    `//${DECOY}/`,
    `///${DECOY}/`,
    `/\\${DECOY}/`,
    `/\\\\${DECOY}/`,
    `/@${DECOY}/`,
    `//user@${DECOY}/`,
    `/http://${DECOY}/`,
    `/..//${DECOY}/`,
    `/%2f%2f${DECOY}/`,
    `/?to=http://${DECOY}/`,
    `/#@${DECOY}/`,
    `/;@${DECOY}:80/`,
  ])('asks the server itself for the path %s', async (path) => {
    answer = { status: 200, headers: {} };
    await probed({ ...probe, path });
    expect(siteHits).toBeGreaterThan(0);
  });

  it('sends another host name only as a name', async () => {
    answer = { status: 200, headers: {} };
    await probed({ ...probe, host: DECOY });
    expect(siteHits).toBeGreaterThan(0);
  });

  it.each([
    [301, { location: `http://${DECOY}/` }],
    [302, { location: `//${DECOY}/` }],
    [303, { location: `http://user:password@${DECOY}/` }],
    [307, { location: `http://${DECOY}/` }],
    [308, { location: `HTTP://${DECOY}` }],
    [300, { location: `http://${DECOY}/` }],
    [200, { refresh: `0; url=http://${DECOY}/` }],
    [200, { 'alt-svc': `h2="${DECOY}"; ma=3600`, link: `<http://${DECOY}/>; rel=preload` }],
  ])('does not go where an answer with %d points to: %j', async (status, headers) => {
    answer = { status, headers };
    await probed({ ...probe });
    expect(siteHits).toBeGreaterThan(0);
  });

  it.each([`http://${DECOY}/`, `${DECOY}/`, `/ HTTP/1.1\r\nHost: ${DECOY}`, `/\u0000${DECOY}`])(
    'is not made with the path %j',
    async (path) => {
      await expect(probed({ ...probe, path })).rejects.toMatchObject({ code: 'INPUT.INVALID' });
    },
  );
});

it('who follows a redirect comes to the decoy: it would have been seen', async () => {
  answer = { status: 302, headers: { location: `http://${DECOY}/` } };
  await fetch(server.http);
  expect(decoyHits).toBe(1);
});
