import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
let server: TreeServer;
beforeEach(async () => {
  server = await treeServer({ excluded: ['cache'] });
  await driver.prepare(server);
});
afterEach(() => server.remove());

const none = { fingerprint: EMPTY_FINGERPRINT };
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

/** A tree whose files were not touched for a while. */
async function release(files: Record<string, string>) {
  const ctx = context(1);
  const treeId = ulid();
  const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
  server.write(files, dir);
  for (const file of Object.keys(files)) utimesSync(`${dir}/${file}`, LONG_AGO, LONG_AGO);
  return { treeId, ...(await driver.commitStage(server, ctx, { dir, treeId })) };
}

async function live(files: Record<string, string>) {
  const made = await release(files);
  await driver.switchTo(server, context(1), made);
  return made;
}

const inside = (treeId: string, file: string): string => server.file(`releases/${treeId}/${file}`);
const look = (expected: { treeId: string; fingerprint: string }, deep = false) =>
  driver.check(server, expected, { limit: 100, deep });

describe('changes', () => {
  it('tells what was added, changed and removed, by path', async () => {
    const one = await release({ 'a.txt': 'a', 'b/c.txt': 'c', 'gone.txt': 'x', 'run.sh': '#!' });
    const two = await release({ 'a.txt': 'A', 'b/c.txt': 'c', 'new 1.txt': 'n', 'run.sh': '#!' });
    expect(await driver.changes(server, { from: one, to: two, limit: 10 })).toEqual({
      tree: {
        ...{ added: 1, changed: 1, removed: 1, more: false },
        entries: [
          { change: 'changed', path: 'a.txt', what: 'content' },
          { change: 'removed', path: 'gone.txt' },
          { change: 'added', path: 'new 1.txt' },
        ],
      },
    });
    const same = await driver.changes(server, { from: one, to: one, limit: 10 });
    expect(same.tree).toEqual({ added: 0, changed: 0, removed: 0, more: false, entries: [] });
  });

  it('counts all, and gives the entries page by page', async () => {
    const names = Array.from({ length: 25 }, (_, n) => `f${String(n).padStart(2, '0')} \\n&`);
    const to = await release(Object.fromEntries(names.map((name) => [name, name])));
    const seen: string[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 10; pages += 1) {
      const page = await driver.changes(server, { from: none, to, limit: 10, ...(after ? { after } : {}) });
      expect(page.tree).toMatchObject({ added: 26, changed: 0, removed: 0 });
      seen.push(...page.tree.entries.map(({ path }) => path));
      after = page.next;
      if (after === undefined) break;
    }
    expect(seen).toEqual(['.', ...names]);
  });

  it('reads no file of a tree that is known', async () => {
    const one = await release({ 'a.txt': 'a' });
    const two = await release({ 'a.txt': 'b' });
    rmSync(inside(one.treeId, 'a.txt'));
    const { tree } = await driver.changes(server, { from: one, to: two, limit: 10 });
    expect(tree.entries).toEqual([{ change: 'changed', path: 'a.txt', what: 'content' }]);
  });

  it('says so when a tree is not there, or another than it was', async () => {
    const one = await release({ 'a.txt': 'a' });
    const gone = { treeId: ulid(), fingerprint: 'a'.repeat(64) };
    await expect(driver.changes(server, { from: one, to: gone, limit: 1 })).rejects.toMatchObject({
      code: 'STATE.TREE_MISSING',
    });
    const other = { ...one, fingerprint: 'b'.repeat(64) };
    await expect(driver.changes(server, { from: other, to: one, limit: 1 })).rejects.toMatchObject({
      code: 'STATE.FINGERPRINT_MISMATCH',
    });
  });
});

describe('check', () => {
  it('finds a server that is as it was proved', async () => {
    const made = await live({ 'index.html': 'one', 'a/b.txt': 'b' });
    expect(await look(made)).toEqual({
      ...made,
      changes: { tree: { added: 0, changed: 0, removed: 0, more: false, entries: [] } },
    });
    expect(await look(made, true)).toMatchObject(made);
  });

  it('tells a difference file by file, and what differs', async () => {
    const made = await live({ 'index.html': 'one', 'gone.txt': 'x', 'mode.txt': 'm', 'kind.txt': 'k' });
    await look(made);
    appendFileSync(inside(made.treeId, 'index.html'), ' changed');
    writeFileSync(inside(made.treeId, 'left.php'), 'evil');
    chmodSync(inside(made.treeId, 'mode.txt'), 0o777);
    rmSync(inside(made.treeId, 'gone.txt'));
    rmSync(inside(made.treeId, 'kind.txt'));
    symlinkSync('mode.txt', inside(made.treeId, 'kind.txt'));
    const found = await look(made);
    expect(found).toMatchObject({ treeId: made.treeId });
    expect(found.fingerprint).not.toBe(made.fingerprint);
    expect(found.changes?.tree).toEqual({
      ...{ added: 1, changed: 3, removed: 1, more: false },
      entries: [
        { change: 'removed', path: 'gone.txt' },
        { change: 'changed', path: 'index.html', what: 'content' },
        { change: 'changed', path: 'kind.txt', what: expect.stringMatching(/^type/) as string },
        { change: 'added', path: 'left.php' },
        { change: 'changed', path: 'mode.txt', what: 'mode' },
      ],
    });
    // It stays so however often it is looked at, also when something else has scanned the tree in between.
    await driver.fingerprint(server, undefined);
    expect(await look(made)).toEqual(found);
  });

  it('a look changes nothing, and does not take what has changed for proved', async () => {
    const made = await live({ 'index.html': 'one' });
    await look(made);
    const before = readFileSync(server.file(`.podway/manifests/${made.treeId}`), 'utf8');
    writeFileSync(inside(made.treeId, 'index.html'), 'two');
    await look(made);
    expect(readFileSync(server.file(`.podway/manifests/${made.treeId}`), 'utf8')).toBe(before);
    writeFileSync(inside(made.treeId, 'index.html'), 'one');
    expect(await look(made)).toMatchObject(made);
    expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
  });

  it('a quick look reads no file that seems untouched; a deep one reads all', async () => {
    const made = await live({ 'index.html': 'one', 'a.txt': 'aaa' });
    const file = inside(made.treeId, 'index.html');
    const { ino, size } = statSync(file);
    // What only reading can tell: the same name, size, inode and times.
    writeFileSync(file, 'two');
    utimesSync(file, LONG_AGO, LONG_AGO);
    expect(statSync(file)).toMatchObject({ ino, size });
    expect(await look(made)).toMatchObject(made);
    const deep = await look(made, true);
    expect(deep.changes?.tree.entries).toEqual([{ change: 'changed', path: 'index.html', what: 'content' }]);
  });

  it('tells another live tree, and a server without one', async () => {
    const old = await live({ 'index.html': 'old' });
    const made = await live({ 'index.html': 'new!' });
    await driver.switchTo(server, context(1), old);
    expect(await look(made)).toMatchObject({
      ...old,
      changes: { tree: { changed: 1, entries: [{ path: 'index.html' }] } },
    });
    await driver.switchTo(server, context(1), none);
    const empty = await look(made);
    expect(empty).toMatchObject({ fingerprint: EMPTY_FINGERPRINT });
    expect(empty.treeId).toBeUndefined();
    expect(empty.changes?.tree).toMatchObject({ removed: 2 });
  });

  it('does not count what is excluded', async () => {
    const made = await live({ 'index.html': 'one' });
    server.write({ 'cache/x': 'x' }, server.file(`releases/${made.treeId}`));
    const { treeId, fingerprint } = await look(made);
    // The folder of the cache itself is the only thing that is new, and it is excluded with all below.
    expect(treeId).toBe(made.treeId);
    expect(fingerprint).toBe(made.fingerprint);
  });

  it('keeps what it knows of a tree no longer than the tree', async () => {
    const one = await live({ 'index.html': '1' });
    await look(one);
    expect(existsSync(server.file(`.podway/expected/${one.treeId}`))).toBe(true);
    const two = await newTree(driver, server, context(1), { 'index.html': '2' });
    await driver.switchTo(server, context(1), two);
    rmSync(server.file(`releases/${one.treeId}`), { recursive: true });
    await sleep(10);
    await look(two);
    expect(readdirSync(server.file('.podway/expected')).sort()).toEqual([two.treeId, `${two.treeId}.fp`]);
  });
});
