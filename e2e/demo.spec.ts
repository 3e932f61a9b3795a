import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DemoSummary } from '../apps/podway/src/demo/summary.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: root, timeout: 170_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

describe('npm run demo', () => {
  it('publishes a good and a broken update while visitors come, and says truly how it went', async () => {
    const { code, stdout, stderr } = await run(['apps/podway/dist/demo/main.js', '--json']);
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
