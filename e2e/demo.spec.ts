import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DemoSummary } from '../apps/podway/src/demo/summary.js';
import { blocksRunBy } from '../tools/pages.js';
import { checkOut } from './support/docs/checkout.js';

const written = blocksRunBy(import.meta.url).map(({ text }) => text.trim());
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podway-demo-'));
  await checkOut(join(folder, 'clone'));
});
afterAll(() => rm(folder, { recursive: true }));

function run(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, npm_config_update_notifier: 'false' };
  return new Promise((resolve) => {
    const options = { cwd: join(folder, 'clone'), env, timeout: 170_000 };
    execFile('bash', ['-c', command], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

describe('what README shows first', () => {
  it('publishes a good and a broken update while visitors come, and says truly how it went', async () => {
    expect(written).toEqual(['npm ci && npm run demo']);
    // The clone has what is to be installed: npm looks whether its two files agree.
    const { code, stdout, stderr } = await run('npm ci --dry-run --silent && npm run demo -- --json');
    const { deployments, accesses } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as DemoSummary;
    expect(deployments.map(({ update, state }) => ({ update, state }))).toEqual([
      { update: 'shop 1.1.0', state: 'Succeeded' },
      { update: 'shop 1.2.0-broken', state: 'RolledBack' },
    ]);
    for (const { servers } of deployments) {
      expect(servers.map((server) => server.name)).toEqual(['web1', 'web2', 'web3', 'web4']);
      expect(new Set(servers.map((server) => server.fingerprint)).size).toBe(1);
      expect(servers.every((server) => server.inRotation)).toBe(true);
    }
    expect(accesses).toMatchObject({ failed: 0, brokenSeen: 0 });
    expect(accesses.total).toBeGreaterThan(100);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
