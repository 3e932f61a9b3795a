import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const servers: TreeServer[] = [];
let server: TreeServer;

async function another(name: string, parent?: string): Promise<TreeServer> {
  const made = await treeServer({ shared: ["it's shared/", '-s'], excluded: ['* [x]'] }, { name, parent });
  servers.push(made);
  await driver.prepare(made);
  return made;
}
beforeEach(async () => {
  server = await another('server-1');
});
afterEach(() => servers.splice(0).forEach((one) => one.remove()));

const weird = [
  ' lead and trail ',
  '-rf',
  '--help',
  '-',
  "it's",
  'say "hi"',
  '$(touch hurt)',
  '`touch hurt`',
  ';touch hurt',
  '& touch hurt &',
  '*',
  '?',
  '[a-z]',
  '{a,b}',
  '~',
  '!',
  '!bang',
  '#hash',
  '\\n',
  'back\\slash\\',
  '%s%n',
  'é',
  'e\u0301',
  '日本語',
  '🚀',
  '...',
  '.hidden',
  'a=b',
  'x'.repeat(255),
  '\u0001control\u001b[31m',
  'caf\r',
];

it('takes names as they are, in trees, deltas and removals', async () => {
  const files = Object.fromEntries(
    weird.flatMap((name) => [
      [`${name}`, name],
      [`in/${name}/${name}`, name],
    ]),
  );
  const ctx = context(1);
  const first = await newTree(driver, server, ctx, files);
  const replica = await another('server-2', undefined);
  const full = await driver.stageFrom(server, [replica], ctx, first);
  expect(full.results.get('server-2')).toEqual({ ok: true });
  for (const name of weird) {
    expect(readFileSync(replica.file(`releases/${first.treeId}/in/${name}/${name}`), 'utf8')).toBe(name);
  }
  // Half of them go, half of them change.
  const { dir } = await driver.beginStage(server, ctx, { base: first.treeId, copy: 'link' });
  for (const [i, name] of weird.entries()) {
    execFileSync('rm', ['-rf', '--', `${dir}/in/${name}`, `${dir}/${name}`]);
    if (i % 2) writeFileSync(`${dir}/${name}`, `new ${name}`);
  }
  const treeId = ulid();
  const second = { treeId, ...(await driver.commitStage(server, ctx, { dir, treeId })) };
  expect((await driver.stageFrom(server, [replica], ctx, second)).results.get('server-2')).toEqual({
    ok: true,
  });
  expect(await driver.fingerprint(replica, treeId, { deep: true })).toEqual(second);
  expect(existsSync('/hurt')).toBe(false);
});

it('takes bytes that are not UTF-8', async () => {
  const ctx = context(1);
  const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0xfe, 0x80])]), 'bytes');
  const treeId = ulid();
  const wanted = { treeId, ...(await driver.commitStage(server, ctx, { dir, treeId })) };
  const replica = await another('server-2');
  expect((await driver.stageFrom(server, [replica], ctx, wanted)).results.get('server-2')).toEqual({
    ok: true,
  });
});

it.each(['new\nline', 'tab\tbed'])('refuses the name %j, and a link to it', async (name) => {
  const ctx = context(1);
  for (const make of [
    (dir: string) => writeFileSync(`${dir}/${name}`, ''),
    (dir: string) => mkdirSync(`${dir}/deep/${name}`, { recursive: true }),
    (dir: string) => symlinkSync(name, `${dir}/link`),
  ]) {
    const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
    make(dir);
    await expect(driver.commitStage(server, ctx, { dir, treeId: ulid() })).rejects.toMatchObject({
      code: 'STATE.NAME_REFUSED',
    });
    expect(existsSync(dir)).toBe(false);
  }
});

it('refuses what is neither file, folder nor link', async () => {
  const ctx = context(1);
  const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
  execFileSync('mkfifo', [`${dir}/pipe`]);
  await expect(driver.commitStage(server, ctx, { dir, treeId: ulid() })).rejects.toMatchObject({
    code: 'STATE.SPECIAL_FILE',
  });
});

it('works in a folder whose own name is odd', async () => {
  const parent = `${server.folder}/a=b $(touch hurt) 'q' "d" \\n * %s`;
  mkdirSync(parent);
  const odd = await another('server-2', parent);
  const ctx = context(1);
  const wanted = await newTree(driver, server, ctx, { 'a b': '1', c: '2' });
  expect((await driver.stageFrom(server, [odd], ctx, wanted)).results.get('server-2')).toEqual({ ok: true });
  await driver.switchTo(odd, ctx, { ...wanted, watchdogMs: 60_000 });
  expect(readFileSync(odd.file('current/a b'), 'utf8')).toBe('1');
  expect(await driver.disarmWatchdog(odd, ctx.deploymentId)).toBe('disarmed');
  await driver.restore(odd, ctx, { fingerprint: EMPTY_FINGERPRINT });
  expect(existsSync(odd.file('current'))).toBe(false);
});
