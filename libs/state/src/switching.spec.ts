import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../test/eventually.js';
import { context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const ctx = context(1);
let server: TreeServer;

beforeEach(async () => {
  server = await treeServer();
  await driver.prepare(server);
});
afterEach(() => server.remove());

const withReload = (...reload: string[]): TreeServer => ({ ...server, state: { ...server.state, reload } });
const live = async () => (await driver.inspect(server)).liveTreeId;

it('refuses a tree with another fingerprint', async () => {
  const one = await newTree(driver, server, ctx, { a: '1' });
  const two = await newTree(driver, server, ctx, { a: '2' });
  await driver.switchTo(server, ctx, one);
  await expect(driver.switchTo(server, ctx, { ...two, fingerprint: one.fingerprint })).rejects.toMatchObject({
    code: 'STATE.FINGERPRINT_MISMATCH',
  });
  writeFileSync(server.file(`releases/${two.treeId}/a`), '3');
  await expect(driver.switchTo(server, ctx, two)).rejects.toMatchObject({
    code: 'STATE.FINGERPRINT_MISMATCH',
  });
  await expect(driver.switchTo(server, ctx, { ...two, treeId: ulid() })).rejects.toMatchObject({
    code: 'STATE.TREE_MISSING',
  });
  expect(await live()).toBe(one.treeId);
});

it('runs reload after each switch, in the new tree, and not when nothing changed', async () => {
  const log = server.file('log');
  const reloading = withReload('sh', '-c', `cat a >>"$1"`, 'reload', log);
  const one = await newTree(driver, server, ctx, { a: '1' });
  const two = await newTree(driver, server, ctx, { a: '2' });
  await driver.switchTo(reloading, ctx, one);
  await driver.switchTo(reloading, ctx, one);
  await driver.switchTo(reloading, ctx, two);
  await driver.restore(reloading, ctx, one);
  expect(readFileSync(log, 'utf8')).toBe('121');
});

it('says when reload failed, and runs it again at the next call', async () => {
  const one = await newTree(driver, server, ctx, { a: '1' });
  await expect(
    driver.switchTo(withReload('sh', '-c', 'echo broken >&2; exit 7'), ctx, one),
  ).rejects.toMatchObject({
    code: 'STATE.RELOAD_FAILED',
    message: expect.stringContaining('ended with status 7: broken') as unknown,
  });
  expect(await live()).toBe(one.treeId);
  const log = server.file('log');
  expect(await driver.switchTo(withReload('touch', log), ctx, one)).toEqual({ changed: false });
  expect(readFileSync(log, 'utf8')).toBe('');
});

it('never shows a visitor anything but one of the trees', async () => {
  const trees = [
    await newTree(driver, server, ctx, { a: '1' }),
    await newTree(driver, server, ctx, { a: '2' }),
  ];
  await driver.switchTo(server, ctx, trees[0] as (typeof trees)[0]);
  let reads = 0;
  let over = false;
  const visitor = (async () => {
    while (!over) {
      expect(['1', '2']).toContain(readFileSync(server.file('current/a'), 'utf8'));
      reads++;
      await new Promise(setImmediate);
    }
  })();
  for (let i = 1; i <= 20; i++) await driver.switchTo(server, ctx, trees[i % 2] as (typeof trees)[0]);
  over = true;
  await visitor;
  expect(reads).toBeGreaterThan(100);
});

it('goes back although an earlier call still writes into what is thrown away', async () => {
  const one = await newTree(driver, server, ctx, { a: '1' });
  const two = await newTree(driver, server, ctx, { a: '2' });
  for (let round = 0; round < 5; round += 1) {
    await driver.switchTo(server, ctx, two);
    const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
    server.write(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`old${n}`, ''])), dir);
    const writing = 'n=0; while [ $n -lt 20000 ]; do n=$((n + 1)); : >"new$n"; done';
    const writer = spawn('sh', ['-c', `${writing} 2>/dev/null`], { cwd: dir });
    const ended = once(writer, 'exit');
    try {
      await eventually(() => expect(existsSync(`${dir}/new100`)).toBe(true));
      await driver.restore(server, ctx, one);
      expect(await live()).toBe(one.treeId);
      expect(existsSync(dir)).toBe(false);
    } finally {
      writer.kill('SIGKILL');
      await ended;
    }
  }
  // What could not be removed then is removed with the next release.
  await driver.complete(server, ctx, one);
  expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
});
