import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cutCall } from '../test/cut-call.js';
import { callScript, context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { wholeTree } from '../test/whole-tree.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { TreeStateDriver } from './tree-state-driver.js';

/** Points of each verb that are tried, spread over the whole of it, other ones at each run. */
const POINTS = 6;
type Tree = { treeId: string; fingerprint: string };

const driver = new TreeStateDriver();
const ctx = context(2);
const files = (text: string) => ({ 'index.html': text, same: 'same', 'deep/er/file': text });
const whole = new Map<string, string[]>();
let server: TreeServer;
let old: Tree;
let fresh: Tree;
const incoming: Tree = { treeId: ulid(), fingerprint: '' };
let stage = '';
let delta = '';

/** A server on `old`, with `fresh` beside it, a stage with the content of `incoming`, and an armed watchdog. */
beforeAll(async () => {
  server = await treeServer({ keep: 1 });
  await driver.prepare(server);
  const before = context(1);
  old = await newTree(driver, server, before, files('old'));
  await driver.switchTo(server, before, old);
  await driver.complete(server, before, old);
  const made = await newTree(driver, server, ctx, files('incoming'));
  incoming.fingerprint = made.fingerprint;
  whole.set(incoming.treeId, wholeTree(server.file(`releases/${made.treeId}`)));
  delta = `${server.folder}/delta`;
  const script = server.file('.podway/bin/podway-host');
  const args = ['make-delta', made.treeId, made.fingerprint, old.treeId, old.fingerprint];
  await pipeline(
    server.session.stream(['sh', script, server.path, ...args]).stdout,
    createWriteStream(delta),
  );
  rmSync(server.file(`releases/${made.treeId}`), { recursive: true });
  fresh = await newTree(driver, server, ctx, files('fresh'));
  for (const { treeId } of [old, fresh]) whole.set(treeId, wholeTree(server.file(`releases/${treeId}`)));
  const { dir } = await driver.beginStage(server, ctx, { base: old.treeId, copy: 'link' });
  for (const name of ['index.html', 'deep/er/file']) rmSync(`${dir}/${name}`);
  server.write(files('incoming'), dir);
  stage = dir.split('/').at(-2) ?? '';
  execFileSync('cp', ['-a', server.path, `${server.folder}/template`]);
});
afterAll(() => server.remove());
afterEach(() => rmSync(server.file('.podway/watchdog/armed'), { force: true }));

async function begin(live: Tree, { armed = false } = {}): Promise<void> {
  server.bootedSince(1000);
  // What outlived a killed shell may still write there.
  rmSync(server.path, { recursive: true, maxRetries: 50, retryDelay: 20 });
  execFileSync('cp', ['-a', `${server.folder}/template`, server.path]);
  if (live === fresh) await driver.switchTo(server, ctx, fresh);
  if (armed) await callScript(server, 'switch', 2, ctx.deploymentId, live.treeId, live.fingerprint, 60_000);
}

const liveTree = () =>
  existsSync(server.file('current')) ? readlinkSync(server.file('current')).slice(9) : '-';

/** Whatever was cut: all trees are whole, and visitors are on one of those that are allowed. */
function expectWhole(allowed: readonly string[]): void {
  expect(allowed).toContain(liveTree());
  for (const id of readdirSync(server.file('releases'))) {
    expect(wholeTree(server.file(`releases/${id}`))).toEqual(whole.get(id));
  }
}

interface Case {
  readonly begin: () => Promise<void>;
  readonly call: () => (string | number)[];
  /** Live trees that are allowed after a cut; the last one is there after the repeated call. */
  readonly live: () => readonly string[];
  readonly stdin?: boolean;
}

const id = ctx.deploymentId;
const cases: Record<string, Case> = {
  snapshot: {
    begin: () => begin(old),
    call: () => ['snapshot', 3, id, 60_000],
    live: () => [old.treeId],
  },
  'commit-stage': {
    begin: () => begin(old),
    call: () => ['commit-stage', 3, id, stage, incoming.treeId],
    live: () => [old.treeId],
  },
  receive: {
    begin: () => begin(old),
    call: () => ['receive', 3, id, incoming.treeId, incoming.fingerprint, old.treeId],
    live: () => [old.treeId],
    stdin: true,
  },
  switch: {
    begin: () => begin(old),
    call: () => ['switch', 3, id, fresh.treeId, fresh.fingerprint, 60_000, 'true'],
    live: () => [old.treeId, fresh.treeId],
  },
  'switch to nothing': {
    begin: () => begin(old),
    call: () => ['switch', 3, id, '-', EMPTY_FINGERPRINT, '-'],
    live: () => [old.treeId, '-'],
  },
  restore: {
    begin: () => begin(fresh),
    call: () => ['restore', 3, id, old.treeId, old.fingerprint, fresh.treeId],
    live: () => [fresh.treeId, old.treeId],
  },
  complete: {
    begin: () => begin(fresh),
    call: () => ['complete', '-k', 1, 3, id, fresh.treeId],
    live: () => [fresh.treeId],
  },
  disarm: {
    begin: () => begin(fresh, { armed: true }),
    call: () => ['disarm', id],
    live: () => [fresh.treeId],
  },
  'watchdog-tick': {
    begin: async () => {
      await begin(old);
      await callScript(server, 'switch', 2, id, fresh.treeId, fresh.fingerprint, 60_000);
      server.bootedSince(1060);
    },
    call: () => ['watchdog-tick'],
    live: () => [fresh.treeId, old.treeId],
  },
};

describe.each(Object.entries(cases))('%s, killed', (verb, one) => {
  it(`before any of ${POINTS} commands, leaves whole trees and is finished by the next call`, async () => {
    const call = one.call();
    const [name = '', ...args] = call;
    const run = (at: number, whom: 'shell' | 'group') =>
      cutCall(server, { at, whom, ...(one.stdin && { stdin: createReadStream(delta) }) }, name, ...args);
    await one.begin();
    const { code, commands } = await run(-1, 'group');
    expect([verb, code]).toEqual([verb, 0]);
    expect(commands).toBeGreaterThan(20);
    const stride = Math.max(1, commands / POINTS);
    let killed = 0;
    for (let at = 1 + Math.random() * (stride - 1); at <= commands; at += stride) {
      await one.begin();
      const whom = killed % 2 ? 'shell' : 'group';
      if ((await run(Math.floor(at), whom)).code === null) killed++;
      expectWhole(one.live());
      // A stage that was being committed is gone, or is given again by its maker.
      const staged = verb !== 'commit-stage' || existsSync(server.file(`.podway/staging/${stage}/tree`));
      const again = one.stdin ? await run(-1, 'group') : await callScript(server, String(name), ...args);
      if (staged || existsSync(server.file(`releases/${incoming.treeId}`))) expect(again.code).toBe(0);
      expectWhole(one.live().slice(-1));
      await callScript(server, 'restore', 4, id, old.treeId, old.fingerprint, '-');
      if (existsSync(server.file(`releases/${old.treeId}`))) await driver.complete(server, context(5), old);
      else await driver.complete(server, context(5), fresh);
      expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
      expect(
        readdirSync(server.file('.podway'), { recursive: true }).filter((file) =>
          String(file).endsWith('.new'),
        ),
      ).toEqual([]);
      expect(readFileSync(server.file('.podway/token'), 'utf8')).toBe('5\n');
    }
    expect(killed).toBeGreaterThan(POINTS / 2);
  }, 240_000);
});
