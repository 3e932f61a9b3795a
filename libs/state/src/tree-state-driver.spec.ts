import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { context, treeServer, type TreeServer } from '../test/tree-server.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
let server: TreeServer;

beforeEach(async () => {
  server = await treeServer({ shared: ['uploads/', 'config/.env'], excluded: ['var/cache'] });
  await driver.prepare(server);
});
afterEach(() => server.remove());

/** Publishes files the way the pipeline does. */
async function release(token: number, files: Record<string, string>, base?: string): Promise<string> {
  const ctx = context(token);
  const treeId = ctx.deploymentId;
  const before = await driver.snapshot(server, ctx, { watchdogMs: 60_000 });
  const { dir } = await driver.beginStage(server, ctx, { base: base ?? before.treeId, copy: 'link' });
  for (const file of Object.keys(files)) execFileSync('rm', ['-f', `${dir}/${file}`]);
  server.write(files, dir);
  const { fingerprint } = await driver.commitStage(server, ctx, { dir, treeId });
  await driver.switchTo(server, ctx, { treeId, fingerprint });
  expect(await driver.disarmWatchdog(server, ctx.deploymentId)).toBe('disarmed');
  await driver.complete(server, ctx, { treeId });
  return treeId;
}

describe('a release on a server', () => {
  it('goes from nothing to live, and back to nothing', async () => {
    const ctx = context(1);
    const treeId = ctx.deploymentId;
    expect(await driver.snapshot(server, ctx, { watchdogMs: 60_000 })).toEqual({
      fingerprint: EMPTY_FINGERPRINT,
    });
    const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
    server.write({ 'index.html': 'one', 'var/cache/x': 'cached', 'uploads/dropped': 'gone' }, dir);
    const { fingerprint } = await driver.commitStage(server, ctx, { dir, treeId });
    expect(await driver.commitStage(server, ctx, { dir, treeId })).toEqual({ fingerprint });
    expect(await driver.switchTo(server, ctx, { treeId, fingerprint })).toEqual({ changed: true });
    expect(await driver.switchTo(server, ctx, { treeId, fingerprint })).toEqual({ changed: false });
    expect(readlinkSync(server.file('current'))).toBe(`releases/${treeId}`);
    expect(readFileSync(server.file('current/index.html'), 'utf8')).toBe('one');
    expect(readlinkSync(server.file('current/uploads'))).toBe('../../shared/uploads');
    expect(readlinkSync(server.file('current/config/.env'))).toBe('../../../shared/config/.env');
    expect(await driver.fingerprint(server, undefined)).toEqual({ treeId, fingerprint });
    const back = { fingerprint: EMPTY_FINGERPRINT, discard: treeId };
    expect(await driver.restore(server, context(2, ctx.deploymentId), back)).toEqual({ changed: true });
    expect(await driver.restore(server, context(2, ctx.deploymentId), back)).toEqual({ changed: false });
    expect(existsSync(server.file('current'))).toBe(false);
    expect(readdirSync(server.file('releases'))).toEqual([]);
    expect(await driver.disarmWatchdog(server, ctx.deploymentId)).toBe('not-armed');
  });

  it('tells its status', async () => {
    const treeId = await release(7, { 'a.txt': 'a' });
    const status = await driver.inspect(server);
    expect(status).toMatchObject({
      hostVersion: '1',
      fencingToken: 7,
      liveTreeId: treeId,
      restoredByWatchdog: [],
    });
    expect(status.trees).toEqual([
      { id: treeId, verified: true, fingerprint: (await driver.fingerprint(server, treeId)).fingerprint },
    ]);
    expect(status.watchdog).toBeUndefined();
    expect(status.diskFreeMb).toBeGreaterThan(0);
    expect(status.cpus).toBeGreaterThan(0);
  });

  it('is replicated by a delta', async () => {
    const replica = await treeServer(server.state, { name: 'server-2' });
    try {
      const first = await release(1, { 'a.txt': 'a', 'b/c.txt': 'c', big: 'x'.repeat(100_000) });
      const ctx = context(2, first);
      const { fingerprint } = await driver.fingerprint(server, first);
      const full = await driver.stageFrom(server, [replica], ctx, { treeId: first, fingerprint });
      expect(full.results.get('server-2')).toEqual({ ok: true });
      expect(full.bytesSent).toBeGreaterThan(100_000);
      await driver.switchTo(replica, ctx, { treeId: first, fingerprint });

      const second = await release(3, { 'a.txt': 'A' });
      const wanted = { treeId: second, fingerprint: (await driver.fingerprint(server, second)).fingerprint };
      const delta = await driver.stageFrom(server, [replica], context(4, second), wanted);
      expect(delta.results.get('server-2')).toEqual({ ok: true });
      expect(delta.bytesSent).toBeLessThan(30_000);
      expect(await driver.fingerprint(replica, second, { deep: true })).toEqual(wanted);
      const nothing = await driver.stageFrom(server, [replica], context(4, second), wanted);
      expect(nothing).toEqual({ results: new Map([['server-2', { ok: true }]]), bytesSent: 0 });
    } finally {
      replica.remove();
    }
  });
});

it('refuses an older token and takes an equal one', async () => {
  const ctx = context(5);
  await driver.beginStage(server, ctx, { copy: 'link' });
  await driver.beginStage(server, ctx, { copy: 'link' });
  await expect(driver.beginStage(server, context(4), { copy: 'link' })).rejects.toMatchObject({
    code: 'STATE.FENCED',
    retryable: false,
  });
});

it('runs a job once and follows it', async () => {
  const ctx = context(1);
  const request = {
    jobId: `${ctx.deploymentId}.1`,
    argv: ['sh', '-c', 'echo "$GREETING" é; echo ran >>ran; exit 3'],
    cwd: server.path,
    env: { GREETING: "it's" },
    timeoutMs: 10_000,
  };
  await driver.startJob(server, ctx, request);
  await driver.startJob(server, ctx, request);
  let view = await driver.followJob(server, request.jobId, { fromByte: 0 });
  while (view.state === 'running') view = await driver.followJob(server, request.jobId, { fromByte: 0 });
  expect(view).toEqual({ output: "it's é\n", nextByte: 8, more: false, state: 'exited', exitCode: 3 });
  expect(readFileSync(server.file('ran'), 'utf8')).toBe('ran\n');
});

it('ships the script again when it was changed', async () => {
  const script = server.file('.podway/bin/podway-host-1');
  const before = readFileSync(script, 'utf8');
  writeFileSync(script, 'exit 0\n');
  await driver.prepare(server);
  expect(readFileSync(script, 'utf8')).toBe(before);
  const bare = await treeServer();
  await expect(driver.inspect(bare)).rejects.toMatchObject({ code: 'STATE.NOT_PREPARED' });
  bare.remove();
});
