import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LoopDisk } from '../test/loop-disk.js';
import { context, newTree, treeServer, type TreeServer } from '../test/tree-server.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const ctx = context(1);
let disk: LoopDisk;
let canary: TreeServer;
let replica: TreeServer;

beforeEach(async () => {
  disk = new LoopDisk(24);
  canary = await treeServer({}, { name: 'canary' });
  replica = await treeServer({}, { name: 'replica', parent: disk.mount });
  await driver.prepare(canary);
  await driver.prepare(replica);
});
afterEach(() => {
  canary.remove();
  replica.remove();
  disk.remove();
});

const free = () => {
  const { bavail, bsize } = statfsSync(disk.mount);
  return bavail * bsize;
};

it.each([
  ['blocks', { big: 'x'.repeat(40_000_000) }],
  ['inodes', Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`d${i % 9}/${i}`, '']))],
])('a server without %s left says so, keeps its live tree, and leaves nothing behind', async (_, files) => {
  const old = await newTree(driver, canary, ctx, { a: 'old' });
  await driver.stageFrom(canary, [replica], ctx, old);
  await driver.switchTo(replica, ctx, old);
  const before = free();
  const wanted = await newTree(driver, canary, ctx, { a: 'new', ...files });
  const { results } = await driver.stageFrom(canary, [replica], ctx, wanted);
  expect(results.get('replica')).toMatchObject({ ok: false, error: { code: 'STATE.DISK_FULL' } });
  expect(readFileSync(replica.file('current/a'), 'utf8')).toBe('old');
  expect(await driver.fingerprint(replica, undefined, { deep: true })).toEqual(old);
  expect(readdirSync(replica.file('releases'))).toEqual([old.treeId]);
  expect(readdirSync(replica.file('.podway/staging'))).toEqual([]);
  expect(free()).toBeGreaterThan(before - 500_000);
});
