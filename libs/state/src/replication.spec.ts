import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PodwayError } from '@podway/contracts';
import { context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { wholeTree } from '../test/whole-tree.js';
import type { ServerTarget } from './state-driver.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const ctx = context(1);
const servers: TreeServer[] = [];
let canary: TreeServer;

async function another(name: string): Promise<TreeServer> {
  const server = await treeServer({ shared: ['uploads/'], excluded: ['cache'] }, { name });
  servers.push(server);
  await driver.prepare(server);
  return server;
}

/** Writes down which verbs are run through the session. */
function watched<T extends ServerTarget>(target: T): T & { verbs: string[] } {
  const verbs: string[] = [];
  const { session } = target;
  const note = (argv: readonly string[]) => verbs.push(argv[6] ?? '');
  return {
    ...target,
    verbs,
    session: {
      server: session.server,
      exec: (argv, options) => (note(argv), session.exec(argv, options)),
      stream: (argv, options) => (note(argv), session.stream(argv, options)),
    },
  };
}

beforeEach(async () => {
  canary = await another('canary');
});
afterEach(() => servers.splice(0).forEach((server) => server.remove()));

const base = { 'a.txt': 'a', 'b/c.txt': 'c', 'b/big': 'x'.repeat(200_000) };
const on = (server: TreeServer, treeId: string) => server.file(`releases/${treeId}`);

async function changed(from: string, files: Record<string, string>) {
  const { dir } = await driver.beginStage(canary, ctx, { base: from, copy: 'link' });
  for (const name of Object.keys(files)) rmSync(`${dir}/${name}`, { force: true });
  canary.write(files, dir);
  const treeId = ulid();
  return { treeId, ...(await driver.commitStage(canary, ctx, { dir, treeId })) };
}

describe('replication', () => {
  it('makes one delta for each distinct base, on the canary alone', async () => {
    const one = await newTree(driver, canary, ctx, base);
    const targets = await Promise.all(['r1', 'r2', 'r3', 'r4'].map(another));
    const [r1, r2, r3] = targets as [TreeServer, TreeServer, TreeServer];
    await driver.stageFrom(canary, [r1, r2, r3], ctx, one);
    const two = await changed(one.treeId, { 'a.txt': 'A' });
    const source = watched(canary);
    const receivers = targets.map((target) => watched(target));
    const { results, bytesSent } = await driver.stageFrom(source, receivers, ctx, two);
    expect([...results.values()]).toEqual([{ ok: true }, { ok: true }, { ok: true }, { ok: true }]);
    expect(source.verbs).toEqual(['inspect', 'make-delta', 'make-delta']);
    expect(receivers.flatMap(({ verbs }) => verbs).filter((verb) => verb === 'make-delta')).toEqual([]);
    expect(bytesSent).toBeLessThan(300_000 + 3 * 11_000);
    for (const target of targets) {
      expect(wholeTree(on(target, two.treeId))).toEqual(wholeTree(on(canary, two.treeId)));
      expect(readdirSync(target.file('.podway/staging'))).toEqual([]);
    }
    expect(ctx.messages.at(-1)).toMatch(/^r\d has the release staged and proved$/);
  });

  it('costs nothing where the release is', async () => {
    const one = await newTree(driver, canary, ctx, base);
    const r1 = await another('r1');
    await driver.stageFrom(canary, [r1], ctx, one);
    const target = watched(r1);
    expect((await driver.stageFrom(canary, [target], ctx, one)).bytesSent).toBe(0);
    expect(target.verbs).not.toContain('receive');
  });

  it('shares unchanged files with the base, and leaves the base alone', async () => {
    const one = await newTree(driver, canary, ctx, base);
    const r1 = await another('r1');
    await driver.stageFrom(canary, [r1], ctx, one);
    const before = wholeTree(on(r1, one.treeId));
    const two = await changed(one.treeId, { 'a.txt': 'A' });
    await driver.stageFrom(canary, [r1], ctx, two);
    expect(wholeTree(on(r1, one.treeId))).toEqual(before);
    const inode = (tree: string, name: string) =>
      execFileSync('stat', ['-c', '%i', `${on(r1, tree)}/${name}`]).toString();
    expect(inode(one.treeId, 'b/big')).toBe(inode(two.treeId, 'b/big'));
    expect(inode(one.treeId, 'a.txt')).not.toBe(inode(two.treeId, 'a.txt'));
  });

  it('sends everything when the base was changed on the server, and heals nothing silently', async () => {
    const one = await newTree(driver, canary, ctx, base);
    const r1 = await another('r1');
    await driver.stageFrom(canary, [r1], ctx, one);
    await driver.switchTo(r1, ctx, one);
    writeFileSync(`${on(r1, one.treeId)}/b/big`, 'drifted');
    const two = await changed(one.treeId, { 'a.txt': 'A' });
    const target = watched(r1);
    expect((await driver.stageFrom(canary, [target], ctx, two)).results.get('r1')).toEqual({ ok: true });
    expect(target.verbs.filter((verb) => verb === 'receive')).toHaveLength(2);
    expect(wholeTree(on(r1, two.treeId))).toEqual(wholeTree(on(canary, two.treeId)));
  });

  it('needs no more than the list of the base on the canary', async () => {
    const one = await newTree(driver, canary, ctx, base);
    const r1 = await another('r1');
    await driver.stageFrom(canary, [r1], ctx, one);
    const two = await changed(one.treeId, { 'a.txt': 'A' });
    writeFileSync(`${on(canary, one.treeId)}/a.txt`, 'drifted');
    const { results, bytesSent } = await driver.stageFrom(canary, [r1], ctx, two);
    expect(results.get('r1')).toEqual({ ok: true });
    expect(bytesSent).toBeLessThan(20_000);
    expect(wholeTree(on(r1, two.treeId))).toEqual(wholeTree(on(canary, two.treeId)));
  });

  it.each([true, false])('puts a changed release right (live: %s)', async (live) => {
    const one = await newTree(driver, canary, ctx, base);
    const r1 = await another('r1');
    await driver.stageFrom(canary, [r1], ctx, one);
    if (live) await driver.switchTo(r1, ctx, one);
    writeFileSync(`${on(r1, one.treeId)}/b/big`, 'drifted');
    rmSync(`${on(r1, one.treeId)}/a.txt`);
    const wanted = wholeTree(on(canary, one.treeId));
    expect((await driver.stageFrom(canary, [r1], ctx, one)).results.get('r1')).toEqual({ ok: true });
    expect(wholeTree(on(r1, one.treeId))).toEqual(wanted);
    expect(readdirSync(r1.file('releases'))).toEqual([one.treeId]);
    expect(readdirSync(r1.file('.podway/staging'))).toEqual([]);
    expect((await driver.inspect(r1)).liveTreeId).toBe(live ? one.treeId : undefined);
  });

  it('carries deletions, type changes, modes, owners and links', async () => {
    const one = await newTree(driver, canary, ctx, {
      ...base,
      'dir/x/y': '1',
      file: '2',
      gone: '3',
      kept: '4',
    });
    const r1 = await another('r1');
    await driver.stageFrom(canary, [r1], ctx, one);
    const { dir } = await driver.beginStage(canary, ctx, { base: one.treeId, copy: 'link' });
    const change = `rm -r dir file gone a.txt; echo new >dir; mkdir -p file/deep; echo f >file/deep/f
      cp kept k2; mv k2 kept; chmod 4751 kept; chown 7:8 kept; chmod 2770 b; chown 9:9 b
      ln -s /etc/passwd a.txt; ln kept hardlink; mkdir empty; chmod 711 .; ln -s nowhere dangling`;
    execFileSync('sh', ['-ec', change], { cwd: dir });
    const treeId = ulid();
    const two = { treeId, ...(await driver.commitStage(canary, ctx, { dir, treeId })) };
    expect((await driver.stageFrom(canary, [r1], ctx, two)).results.get('r1')).toEqual({ ok: true });
    expect(wholeTree(on(r1, treeId))).toEqual(wholeTree(on(canary, treeId)));
    // And back again.
    const back = await newTree(driver, canary, ctx, { 'a.txt': 'only' });
    expect((await driver.stageFrom(canary, [r1], ctx, back)).results.get('r1')).toEqual({ ok: true });
    expect(wholeTree(on(r1, back.treeId))).toEqual(wholeTree(on(canary, back.treeId)));
  });

  it('sends of a large file that was appended to what is new, and of any other all', async () => {
    const large = 'y'.repeat(500_000);
    const one = await newTree(driver, canary, ctx, {
      ' log\\ ': large,
      'b/changed': large,
      'b/shorter': large,
    });
    const r1 = await another('r1');
    await driver.stageFrom(canary, [r1], ctx, one);
    const { dir } = await driver.beginStage(canary, ctx, { base: one.treeId, copy: 'link' });
    rmSync(`${dir}/ log\\ `);
    canary.write({ ' log\\ ': `${large}and more` }, dir);
    execFileSync(
      'sh',
      ['-ec', 'chown 7:8 " log\\ "; chmod 4750 " log\\ "; touch -d @1000000000.5 " log\\ "'],
      { cwd: dir },
    );
    const treeId = ulid();
    const two = { treeId, ...(await driver.commitStage(canary, ctx, { dir, treeId })) };
    const appended = await driver.stageFrom(canary, [r1], ctx, two);
    expect(appended.results.get('r1')).toEqual({ ok: true });
    expect(appended.bytesSent).toBeLessThan(20_000);
    expect(wholeTree(on(r1, treeId))).toEqual(wholeTree(on(canary, treeId)));
    expect(statSync(`${on(r1, treeId)}/ log\\ `).mtimeMs).toBe(1_000_000_000_500);
    expect(readFileSync(`${on(r1, one.treeId)}/ log\\ `, 'utf8')).toBe(large);

    const three = await changed(treeId, { 'b/changed': `x${large}`, 'b/shorter': large.slice(1) });
    const rewritten = await driver.stageFrom(canary, [r1], ctx, three);
    expect(rewritten.results.get('r1')).toEqual({ ok: true });
    expect(rewritten.bytesSent).toBeGreaterThan(1_000_000);
    expect(wholeTree(on(r1, three.treeId))).toEqual(wholeTree(on(canary, three.treeId)));
  });

  it('does not carry caches, and does not touch what is shared', async () => {
    const r1 = await another('r1');
    r1.write({ 'uploads/photo': 'kept' }, r1.file('shared'));
    const one = await newTree(driver, canary, ctx, { ...base, 'cache/x': 'hot', 'uploads/y': '1' });
    await driver.stageFrom(canary, [r1], ctx, one);
    expect(existsSync(`${on(r1, one.treeId)}/cache`)).toBe(false);
    expect(readFileSync(`${on(r1, one.treeId)}/uploads/photo`, 'utf8')).toBe('kept');
  });
});

describe('a failure', () => {
  it('of one server is that server’s alone', async () => {
    const one = await newTree(driver, canary, ctx, base);
    const r1 = await another('r1');
    const down = new PodwayError('HOST.UNREACHABLE', 'no route', { retryable: true });
    const refuse = () => Promise.reject(down);
    const r2: ServerTarget = {
      ...r1,
      session: {
        server: 'r2',
        exec: refuse,
        stream: () => {
          throw down;
        },
      },
    };
    const broken: ServerTarget = {
      ...r1,
      session: {
        server: 'r3',
        exec: () => Promise.resolve({ code: 0, stdout: 'x\ty\n', stderr: '' }),
        stream: r1.session.stream,
      },
    };
    const { results } = await driver.stageFrom(canary, [r2, r1, broken], ctx, one);
    expect(results.get('r1')).toEqual({ ok: true });
    expect(results.get('r2')).toEqual({ ok: false, error: down });
    expect(results.get('r3')).toMatchObject({ ok: false, error: { code: 'STATE.ANSWER_INVALID' } });
  });

  it('of the canary’s tree reaches nobody', async () => {
    const one = await newTree(driver, canary, ctx, base);
    writeFileSync(`${on(canary, one.treeId)}/a.txt`, 'drifted');
    const [r1, r2] = [await another('r1'), await another('r2')];
    const { results } = await driver.stageFrom(canary, [r1, r2], ctx, one);
    for (const server of [r1, r2]) {
      expect(results.get(server.session.server)).toMatchObject({
        ok: false,
        error: { code: 'STATE.FINGERPRINT_MISMATCH', details: { server: 'canary' } },
      });
      expect(readdirSync(server.file('releases'))).toEqual([]);
    }
  });

  it('with an older token is refused by each server', async () => {
    const one = await newTree(driver, canary, ctx, base);
    const r1 = await another('r1');
    await driver.beginStage(r1, context(5), { copy: 'link' });
    const { results } = await driver.stageFrom(canary, [r1], ctx, one);
    expect(results.get('r1')).toMatchObject({ ok: false, error: { code: 'STATE.FENCED' } });
  });
});
