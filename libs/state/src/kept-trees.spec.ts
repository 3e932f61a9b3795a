import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
let server: TreeServer;
let token = 0;

beforeEach(async () => {
  server = await treeServer({ keep: 3 });
  await driver.prepare(server);
});
afterEach(() => server.remove());

const next = (deploymentId?: string) => context(++token, deploymentId);
const kept = () => readdirSync(server.file('releases')).sort();

async function verified(text: string) {
  const ctx = next();
  await driver.snapshot(server, ctx, { watchdogMs: 60_000 });
  const made = await newTree(driver, server, ctx, { text });
  await driver.switchTo(server, ctx, made);
  await driver.disarmWatchdog(server, ctx.deploymentId);
  await driver.complete(server, ctx, made);
  return made;
}

/** Installed and found bad; with a worker that died before it could clean up, unless `restored`. */
async function failed(text: string, { restored }: { restored: boolean }) {
  const ctx = next();
  const before = await driver.snapshot(server, ctx, { watchdogMs: 60_000 });
  const made = await newTree(driver, server, ctx, { text });
  await driver.beginStage(server, ctx, { copy: 'link' });
  await driver.switchTo(server, ctx, made);
  await driver.restore(server, next(ctx.deploymentId), {
    ...before,
    ...(restored && { discard: made.treeId }),
  });
  return { ...made, deploymentId: ctx.deploymentId };
}

describe('complete', () => {
  it('keeps the last verified trees, however many failed between', async () => {
    const trees = [];
    for (const text of ['1', '2', '3', '4']) {
      trees.push((await verified(text)).treeId);
      await failed(`bad ${text}`, { restored: text !== '3' });
    }
    const bad = await failed('left', { restored: false });
    expect(kept()).toContain(bad.treeId);
    const last = await verified('5');
    expect(kept()).toEqual([...trees.slice(2), last.treeId].sort());
    expect(readdirSync(server.file('.podway/manifests')).filter((name) => !name.endsWith('.fp'))).toEqual(
      kept(),
    );
    const { trees: seen } = await driver.inspect(server);
    expect(seen.map(({ id, verified }) => [id, verified])).toEqual(kept().map((id) => [id, true]));
  });

  it('counts a release that was gone back to as the newest', async () => {
    const [one, two, three] = [await verified('1'), await verified('2'), await verified('3')];
    const ctx = next();
    await driver.snapshot(server, ctx, { watchdogMs: 60_000 });
    await driver.switchTo(server, ctx, one);
    await driver.complete(server, ctx, one);
    const four = await verified('4');
    expect(kept()).toEqual([one.treeId, three.treeId, four.treeId].sort());
    expect(existsSync(server.file(`releases/${two.treeId}`))).toBe(false);
  });

  it('never drops the live tree, nor the one that an armed watchdog would go back to', async () => {
    const one = await verified('1');
    const ctx = next();
    await driver.snapshot(server, ctx, { watchdogMs: 60_000 });
    const live = await newTree(driver, server, ctx, { text: 'live' });
    await driver.switchTo(server, ctx, live);
    const others = [];
    for (const text of ['2', '3', '4', '5']) {
      const other = await newTree(driver, server, ctx, { text });
      await driver.complete(server, ctx, other);
      others.push(other);
    }
    expect(kept()).toEqual([one.treeId, ...others.slice(1).map(({ treeId }) => treeId), live.treeId].sort());
    expect((await driver.fingerprint(server, undefined)).treeId).toBe(live.treeId);
  });

  it('leaves nothing behind of other deployments', async () => {
    await verified('1');
    await failed('2', { restored: false });
    server.write({ '.podway/staging/scratch.999999999.abcdef/x': '' });
    await driver.beginStage(server, next(), { copy: 'link' });
    const last = await verified('3');
    expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
    expect(readdirSync(server.file('.podway/journal'))).toHaveLength(1);
    expect(kept()).toContain(last.treeId);
  });

  it('refuses a tree that is not there', async () => {
    await expect(driver.complete(server, next(), { treeId: ulid() })).rejects.toMatchObject({
      code: 'STATE.TREE_MISSING',
    });
  });
});

describe('restore', () => {
  it('goes back, drops the discarded tree and the stages, and says so', async () => {
    const one = await verified('1');
    const bad = await failed('2', { restored: true });
    expect(kept()).toEqual([one.treeId]);
    expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
    expect((await driver.inspect(server)).watchdog).toBeUndefined();
    const again = await driver.restore(server, next(bad.deploymentId), { ...one, discard: bad.treeId });
    expect(again).toEqual({ changed: false });
  });

  it('never drops a verified tree', async () => {
    const [one, two] = [await verified('1'), await verified('2')];
    const ctx = next();
    await driver.switchTo(server, ctx, one);
    await driver.restore(server, ctx, { ...two, discard: one.treeId });
    expect(kept()).toEqual([one.treeId, two.treeId].sort());
  });

  it('goes back first, and then says that the old tree was changed', async () => {
    const one = await verified('1');
    const ctx = next();
    await driver.snapshot(server, ctx, { watchdogMs: 60_000 });
    const made = await newTree(driver, server, ctx, { text: '2' });
    await driver.switchTo(server, ctx, made);
    writeFileSync(server.file(`releases/${one.treeId}/text`), 'x');
    await expect(driver.restore(server, ctx, { ...one, discard: made.treeId })).rejects.toMatchObject({
      code: 'STATE.FINGERPRINT_MISMATCH',
    });
    expect((await driver.fingerprint(server, undefined)).treeId).toBe(one.treeId);
    expect(kept()).toEqual([one.treeId, made.treeId].sort());
  });

  it('goes back to nothing, twice', async () => {
    const ctx = next();
    expect(await driver.snapshot(server, ctx, { watchdogMs: 60_000 })).toEqual({
      fingerprint: EMPTY_FINGERPRINT,
    });
    const made = await newTree(driver, server, ctx, { text: '1' });
    await driver.switchTo(server, ctx, made);
    const back = { fingerprint: EMPTY_FINGERPRINT, discard: made.treeId };
    expect(await driver.restore(server, ctx, back)).toEqual({ changed: true });
    expect(await driver.restore(server, ctx, back)).toEqual({ changed: false });
    expect(existsSync(server.file('current'))).toBe(false);
  });

  it('needs the tree', async () => {
    await expect(
      driver.restore(server, next(), { treeId: ulid(), fingerprint: EMPTY_FINGERPRINT }),
    ).rejects.toMatchObject({ code: 'STATE.TREE_MISSING' });
  });
});

describe('snapshot', () => {
  it('gives the same answer for the whole deployment', async () => {
    const one = await verified('1');
    const ctx = next();
    expect(await driver.snapshot(server, ctx, { watchdogMs: 60_000 })).toEqual(one);
    const made = await newTree(driver, server, ctx, { text: '2' });
    await driver.switchTo(server, ctx, made);
    expect(await driver.snapshot(server, ctx, { watchdogMs: 60_000 })).toEqual(one);
    expect(await driver.snapshot(server, next(), { watchdogMs: 60_000 })).toEqual(made);
  });
});
