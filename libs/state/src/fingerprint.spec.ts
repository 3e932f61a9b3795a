import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callScript, context, newTree, treeServer, type TreeServer } from '../test/tree-server.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
let server: TreeServer;
let treeId: string;
let tree: string;
let fingerprint: string;

beforeEach(async () => {
  server = await treeServer({ shared: ['uploads/'], excluded: ['cache', 'odd[*]?name'] });
  await driver.prepare(server);
  const files = { 'a.txt': 'aaaa', 'b/c.txt': 'cccc', 'b/d.txt': 'dddd', run: '#!/bin/sh\n' };
  ({ treeId, fingerprint } = await newTree(driver, server, context(1), files));
  tree = server.file(`releases/${treeId}`);
});
afterEach(() => server.remove());

const again = async (deep = false) => (await driver.fingerprint(server, treeId, { deep })).fingerprint;

/** Old enough that the hashes are taken from the manifest. */
function age(): void {
  execFileSync('find', [tree, '-type', 'f', '-exec', 'touch', '-d', '2001-02-03 04:05:06', '{}', '+']);
}

it('is the SHA-256 of the documented manifest', async () => {
  rmSync(`${tree}/b`, { recursive: true });
  chownSync(`${tree}/run`, 12, 34);
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() };
  const lines = [
    `d\t755\t${uid}\t${gid}\t-\t-\t.`,
    `f\t644\t${uid}\t${gid}\t4\t${sha('aaaa')}\ta.txt`,
    `f\t644\t12\t34\t10\t${sha('#!/bin/sh\n')}\trun`,
    `l\t777\t${uid}\t${gid}\t-\t../../shared/uploads\tuploads`,
  ];
  expect(await again()).toBe(sha(lines.map((line) => `${line}\n`).join('')));
});

it('does not depend on the order of creation, on times or on the machine', async () => {
  const files = { run: '#!/bin/sh\n', 'b/d.txt': 'dddd', 'b/c.txt': 'cccc', 'a.txt': 'aaaa' };
  const other = await treeServer(server.state);
  await driver.prepare(other);
  expect((await newTree(driver, other, context(1), files)).fingerprint).toBe(fingerprint);
  other.remove();
  utimesSync(`${tree}/a.txt`, 1, 1);
  expect(await again()).toBe(fingerprint);
  expect(await again(true)).toBe(fingerprint);
});

describe.each(['known hashes', 'young files'])('detects, with %s,', (kind) => {
  beforeEach(async () => {
    if (kind === 'known hashes') {
      age();
      expect(await again()).toBe(fingerprint);
    }
  });

  it.each<[string, () => void]>([
    ['other bytes of the same length', () => writeFileSync(`${tree}/a.txt`, 'AAAA')],
    ['a mode', () => chmodSync(`${tree}/run`, 0o755)],
    ['a folder mode', () => chmodSync(`${tree}/b`, 0o700)],
    ['the mode of the root folder', () => chmodSync(tree, 0o711)],
    ['an owner', () => chownSync(`${tree}/a.txt`, 1, 0)],
    ['a group', () => chownSync(`${tree}/a.txt`, 0, 1)],
    ['a rename', () => renameSync(`${tree}/a.txt`, `${tree}/e.txt`)],
    ['a new empty folder', () => server.write({ 'empty/': '' }, tree)],
    ['a file that went', () => rmSync(`${tree}/b/d.txt`)],
    ['another file in its place', () => renameSync(`${tree}/b/c.txt`, `${tree}/b/d.txt`)],
    [
      'a link in place of a file',
      () => {
        rmSync(`${tree}/a.txt`);
        symlinkSync('b/c.txt', `${tree}/a.txt`);
      },
    ],
    [
      'another target of a link',
      () => {
        rmSync(`${tree}/uploads`);
        symlinkSync('../../shared/other', `${tree}/uploads`);
      },
    ],
  ])('%s', async (_, change) => {
    change();
    const seen = await again();
    expect(seen).not.toBe(fingerprint);
    expect(await again(true)).toBe(seen);
  });
});

it('leaves out what is excluded and what is reached through shared links', async () => {
  server.write({ 'cache/x/y': '1', 'odd[*]?name/z': '2', 'uploads/photo': '3' }, tree);
  expect(await again()).toBe(fingerprint);
  server.write({ cached: '1' }, tree);
  expect(await again()).not.toBe(fingerprint);
  rmSync(`${tree}/cached`);
  server.write({ 'oddX!name': '' }, tree);
  expect(await again()).not.toBe(fingerprint);
});

it('catches every rewrite of the same length in quick succession', async () => {
  const seen = new Set([fingerprint]);
  for (let i = 0; i < 40; i++) {
    writeFileSync(`${tree}/a.txt`, String(1000 + i));
    seen.add(await again());
  }
  expect(seen.size).toBe(41);
});

it('takes the hash of an unchanged file from the manifest, and hashes it again when deep', async () => {
  age();
  await again();
  const before = execFileSync('stat', ['-c', '%Y %s %i', `${tree}/a.txt`]).toString();
  writeFileSync(`${tree}/a.txt`, 'EVIL');
  execFileSync('touch', ['-d', '2001-02-03 04:05:06', `${tree}/a.txt`]);
  expect(execFileSync('stat', ['-c', '%Y %s %i', `${tree}/a.txt`]).toString()).toBe(before);
  expect(await again()).toBe(fingerprint);
  expect(await again(true)).not.toBe(fingerprint);
});

/** Calls the script with programs of ours in place of the machine's. */
async function fingerprintWith(programs: Record<string, string>, how = 'quick'): Promise<string> {
  for (const [name, does] of Object.entries(programs)) {
    writeFileSync(`${server.folder}/${name}`, `#!/bin/sh\necho called >>"$0.called"\n${does}\n`, {
      mode: 0o755,
    });
  }
  const options = server.state.excluded?.flatMap((path) => ['-x', path]) ?? [];
  const script = ['sh', server.file('.podway/bin/podway-host'), server.path, 'fingerprint', ...options, '--'];
  const argv = ['env', `PATH=${server.folder}:/usr/bin:/bin`, ...script, treeId, how];
  return (await server.session.exec(argv)).stdout.trim();
}

it('hashes a file that was young at the last scan again, and then no more', async () => {
  const manifest = () => readFileSync(server.file(`.podway/manifests/${treeId}`), 'utf8');
  const now = Math.floor(Date.now() / 1000);
  const proved = `fingerprint\t${treeId}\t${fingerprint}`;
  writeFileSync(`${tree}/a.txt`, 'aaaa');
  expect(await fingerprintWith({ date: `echo ${now}` })).toBe(proved);
  expect(manifest()).toMatch(/^a\.txt\t.*\t~[0-9a-f]{64}$/m);
  expect(await fingerprintWith({ date: `echo ${now + 3600}` })).toBe(proved);
  expect(manifest()).toMatch(/^a\.txt\t.*\t[0-9a-f]{64}$/m);
  expect(manifest()).not.toContain('~');
  const broken = { openssl: 'exit 1', sha256sum: 'exec /usr/bin/sha256sum' };
  expect(await fingerprintWith({ date: `echo ${now + 3600}`, ...broken })).toBe(proved);
  expect(existsSync(`${server.folder}/openssl.called`)).toBe(false);
});

it('finds a young file that was changed without a change of its time', async () => {
  const now = Math.floor(Date.now() / 1000);
  utimesSync(`${tree}/a.txt`, now, now);
  await fingerprintWith({ date: `echo ${now}` });
  writeFileSync(`${tree}/a.txt`, 'EVIL');
  utimesSync(`${tree}/a.txt`, now, now);
  const seen = await fingerprintWith({ date: `echo ${now + 1}` });
  expect(seen).toMatch(/\t[0-9a-f]{64}$/);
  expect(seen).not.toContain(fingerprint);
  expect(seen).toContain(await again(true));
});

it.each([
  ['is broken', 'exit 1'],
  ['says something else', 'echo SHA256=0123'],
])('hashes with sha256sum where openssl %s', async (_, does) => {
  expect(await fingerprintWith({ openssl: does }, 'deep')).toBe(`fingerprint\t${treeId}\t${fingerprint}`);
  expect(existsSync(`${server.folder}/openssl.called`)).toBe(true);
});

it('survives a manifest that was damaged', async () => {
  age();
  await again();
  for (const damage of ['', 'x', '\t\t\t\n'.repeat(100), '\0\0\0\0']) {
    writeFileSync(server.file(`.podway/manifests/${treeId}`), damage);
    writeFileSync(server.file(`.podway/manifests/${treeId}.fp`), damage);
    expect(await again()).toBe(fingerprint);
  }
});

it('knows trees under other exclusions as other states', async () => {
  const narrow = { ...server, state: { ...server.state, excluded: ['b'] } };
  const seen = (await driver.inspect(narrow)).trees[0]?.fingerprint;
  expect(seen).not.toBe(fingerprint);
  expect((await driver.fingerprint(narrow, treeId)).fingerprint).toBe(seen);
  expect((await driver.inspect(server)).trees[0]?.fingerprint).toBe(fingerprint);
});

it('refuses a tree that is not there', async () => {
  await expect(driver.fingerprint(server, '01ARZ3NDEKTSV4RRFFQ69G5FAV')).rejects.toMatchObject({
    code: 'STATE.TREE_MISSING',
  });
  const { code, stderr } = await callScript(server, 'fingerprint', '../../etc', 'quick');
  expect(code).toBe(10);
  expect(stderr).toBe('error\tUSAGE\tnot an id: ../../etc\n');
});
