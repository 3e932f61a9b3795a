import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callScript, context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const ctx = context(1);
let server: TreeServer;

beforeEach(async () => {
  server = await treeServer({ shared: ['uploads/', 'config/.env', 'a/b/c'], excluded: ['cache'] });
  await driver.prepare(server);
});
afterEach(() => server.remove());

const inode = (path: string) => statSync(path).ino;

describe('a stage', () => {
  it.each(['link', 'full'] as const)('%s: is filled from the base, without caches', async (copy) => {
    const { treeId } = await newTree(driver, server, ctx, { 'x/y': 'same' });
    server.write({ 'cache/z': '' }, server.file(`releases/${treeId}`));
    const { dir } = await driver.beginStage(server, ctx, { base: treeId, copy });
    expect(readFileSync(`${dir}/x/y`, 'utf8')).toBe('same');
    expect(inode(`${dir}/x/y`) === inode(server.file(`releases/${treeId}/x/y`))).toBe(copy === 'link');
    expect(existsSync(`${dir}/cache`)).toBe(false);
    expect(existsSync(server.file(`releases/${treeId}/cache/z`))).toBe(true);
  });

  it('is new at each call', async () => {
    const first = await driver.beginStage(server, ctx, { copy: 'link' });
    expect((await driver.beginStage(server, ctx, { copy: 'link' })).dir).not.toBe(first.dir);
  });

  it('needs a base that is there', async () => {
    await expect(driver.beginStage(server, ctx, { base: ulid(), copy: 'link' })).rejects.toMatchObject({
      code: 'STATE.TREE_MISSING',
    });
    expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
  });

  it('replaces what lies at shared paths by links, and nothing else', async () => {
    const files = { 'uploads/old': '1', 'config/.env': '2', 'config/app': '3', 'a/b/c/d': '4', 'a/b/e': '5' };
    const { treeId } = await newTree(driver, server, ctx, files);
    const tree = server.file(`releases/${treeId}`);
    expect(readlinkSync(`${tree}/uploads`)).toBe('../../shared/uploads');
    expect(readlinkSync(`${tree}/config/.env`)).toBe('../../../shared/config/.env');
    expect(readlinkSync(`${tree}/a/b/c`)).toBe('../../../../shared/a/b/c');
    expect(readFileSync(`${tree}/config/app`, 'utf8') + readFileSync(`${tree}/a/b/e`, 'utf8')).toBe('35');
    expect(statSync(server.file('shared/uploads')).isDirectory()).toBe(true);
    expect(existsSync(server.file('shared/config/.env'))).toBe(false);
  });

  it('keeps what the site wrote into the shared folder', async () => {
    server.write({ 'uploads/photo': 'kept' }, server.file('shared'));
    const { treeId } = await newTree(driver, server, ctx, { 'uploads/photo': 'shipped' });
    expect(readFileSync(server.file(`releases/${treeId}/uploads/photo`), 'utf8')).toBe('kept');
  });

  it.each<[string, (path: string) => void]>([
    ['a link', (path) => symlinkSync('/tmp', path)],
    ['a file', (path) => writeFileSync(path, '')],
  ])('is refused when a shared path lies behind %s', async (_, make) => {
    const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
    make(`${dir}/config`);
    await expect(driver.commitStage(server, ctx, { dir, treeId: ulid() })).rejects.toMatchObject({
      code: 'STATE.LAYOUT',
    });
  });

  it('is dropped when the tree is there already', async () => {
    const { treeId, fingerprint } = await newTree(driver, server, ctx, { file: '1' });
    const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
    server.write({ file: '2' }, dir);
    expect(await driver.commitStage(server, ctx, { dir, treeId })).toEqual({ fingerprint });
    expect(existsSync(dir)).toBe(false);
    expect(readFileSync(server.file(`releases/${treeId}/file`), 'utf8')).toBe('1');
  });

  it('is taken from its own place only', async () => {
    for (const dir of [
      '/etc/passwd/tree',
      `${server.path}/../x/tree`,
      `/x/${ctx.deploymentId}.......x/tree`,
      '',
    ]) {
      await expect(driver.commitStage(server, ctx, { dir, treeId: ulid() })).rejects.toMatchObject({
        code: 'STATE.USAGE',
      });
    }
    const dir = server.file(`.podway/staging/${ctx.deploymentId}.abcdef/tree`);
    await expect(driver.commitStage(server, ctx, { dir, treeId: ulid() })).rejects.toMatchObject({
      code: 'STATE.STAGE_MISSING',
    });
  });
});

describe('the layout', () => {
  it.each<[string, (path: string) => void]>([
    ['a folder', () => server.write({ 'current/index.html': '' })],
    ['a foreign link', (path) => symlinkSync('/var/www', path)],
    ['a link to no release', (path) => symlinkSync('releases/../../x', path)],
  ])('is refused when current is %s', async (_, make) => {
    make(server.file('current'));
    await expect(driver.prepare(server)).rejects.toMatchObject({ code: 'STATE.LAYOUT', retryable: false });
    expect(lstatSync(server.file('current'))).toBeDefined();
  });

  it('is private where it is Podway’s', () => {
    expect(statSync(server.file('.podway')).mode & 0o777).toBe(0o700);
    expect(statSync(server.path).mode & 0o777).toBe(0o755);
    expect(statSync(server.file('releases')).mode & 0o777).toBe(0o755);
  });
});

it('gives the same answer when a verb is called twice', async () => {
  const { treeId, fingerprint } = await newTree(driver, server, ctx, { file: '1' });
  const deployment = ctx.deploymentId;
  const calls: [string, ...(string | number)[]][] = [
    ['init'],
    ['fingerprint', treeId, 'deep'],
    ['snapshot', 2, deployment, 60_000],
    ['switch', 2, deployment, treeId, fingerprint, 60_000],
    ['feed', 2, deployment, 60_000],
    ['complete', 2, deployment, treeId],
    ['watchdog-tick'],
    ['boot'],
    ['restore', 2, deployment, treeId, fingerprint, '-'],
    ['disarm', deployment],
    ['inspect'],
  ];
  for (const call of calls) {
    const first = await callScript(server, ...call);
    const trees = readdirSync(server.file('releases'));
    const second = await callScript(server, ...call);
    expect([first.code, second.code, call[0]]).toEqual([0, 0, call[0]]);
    const settled = (text: string) =>
      text.replace('switched\t1', 'switched\t0').replace(/^(load|disk)\t.*$/gm, '');
    expect(settled(second.stdout)).toBe(settled(first.stdout));
    expect(readdirSync(server.file('releases'))).toEqual(trees);
  }
  rmSync(server.file('releases'), { recursive: true });
});
