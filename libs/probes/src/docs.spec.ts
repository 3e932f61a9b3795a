import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Check, probeKinds, validated, type ServerSpec } from '@podway/contracts';
import { InventoryHostSessions } from '@podway/hosts';
import { freePort } from '@podway/testing/ssh-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runChecks } from './run-checks.js';

const page = readFileSync(new URL('../../../docs/verification.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n(checks:\n[^]*?)```/g)]
  .flatMap(([, text = '']) => (parse(text) as { checks: object[] }).checks)
  .map((check) => validated(Check, check, { strict: true }));
/** With a real Prometheus: `metric-probe.system.spec.ts`. */
const here = examples.filter(({ probe }) => probe !== 'metric');

const sessions = new InventoryHostSessions();
const sites: Server[] = [];
const servers: ServerSpec[] = [];
let content = 'hello\n';
let path = '';

beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'podway-docs-'));
  mkdirSync(join(path, 'current'));
  writeFileSync(join(path, 'current/index.html'), content);
  for (const name of ['web1', 'web2']) {
    const site = createServer((_, response) =>
      response.writeHead(content === '' && name === 'web1' ? 500 : 200).end(content),
    );
    const port = await freePort();
    site.listen(port, '127.0.0.1');
    await once(site, 'listening');
    sites.push(site);
    servers.push({ name, local: true, http: `http://127.0.0.1:${port}` });
  }
});
afterAll(async () => {
  for (const site of sites) site.close();
  await sessions.close();
  rmSync(path, { recursive: true, force: true });
});

async function seen(check: Check) {
  const [server, ...others] = servers as [ServerSpec, ServerSpec];
  const session = await sessions.session(server);
  const [evidence] = await runChecks([check], { server, others, session, path, hosts: ['shop.example'] });
  return evidence;
}

describe('the examples of docs/verification.md', () => {
  it('are of every probe', () => {
    expect(new Set(examples.map(({ probe }) => probe))).toEqual(new Set(probeKinds));
  });

  it.each(here.map((check) => [check.name, check] as const))('%s: passes', async (_, check) => {
    expect(await seen(check)).toMatchObject({ verdict: 'passed', probe: check.name });
  });

  const harmed = here.filter(({ probe }) => probe !== 'tcp');
  it.each(harmed.map((check) => [check.name, check] as const))('%s: can fail', async (_, check) => {
    content = '';
    writeFileSync(join(path, 'current/index.html'), content);
    expect(await seen({ ...check, tries: 1, consecutive: 1 })).toMatchObject({ verdict: 'failed' });
  });
});
