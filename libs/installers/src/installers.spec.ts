import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { monotonicFactory } from 'ulid';
import { DirectoryArtifactStore } from '@podway/artifacts';
import type { Component } from '@podway/contracts';
import { NodeSshHostSessions } from '@podway/hosts';
import { TreeStateDriver, type ServerTarget, type StepContext } from '@podway/state';
import { SshServers, type SshServer } from '@podway/testing/ssh-servers';
import { installerFor } from './installer-for.js';

const ulid = monotonicFactory();
const driver = new TreeStateDriver();
const sessions = new NodeSshHostSessions();
let servers: SshServers;
let server: SshServer;
let target: ServerTarget;
let store: DirectoryArtifactStore;
let folder: string;
let token = 0;

beforeAll(async () => {
  servers = await SshServers.start();
});
afterAll(async () => {
  await sessions.close();
  await servers.stop();
});
beforeEach(async () => {
  server = servers.at(0);
  folder = mkdtempSync(join(tmpdir(), 'podway-installers-'));
  store = new DirectoryArtifactStore(join(folder, 'store'));
  target = {
    session: await sessions.session(server.spec()),
    path: join(folder, 'site'),
    state: { driver: 'tree', shared: ['uploads/', 'config/.env'] },
  };
  await driver.prepare(target);
});
// The watchdog's loop may still be ending in there.
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

type Files = Record<string, string | { link: string } | { run: string }>;

/** Stores a bundle of these files; a `run` is an executable one. */
async function bundle(files: Files): Promise<string> {
  const from = mkdtempSync(join(folder, 'bundle-'));
  for (const [path, content] of Object.entries(files)) {
    const file = join(from, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string') writeFileSync(file, content);
    else if ('link' in content) symlinkSync(content.link, file);
    else writeFileSync(file, content.run);
    if (typeof content === 'object' && 'run' in content) chmodSync(file, 0o755);
    if (typeof content === 'string') utimesSync(file, 1_600_000_000, 1_600_000_000);
  }
  const archive = execFileSync('tar', ['-C', from, '-cz', '.'], { maxBuffer: 1024 ** 3 });
  return (await store.put(Readable.from([archive]))).digest;
}

function context(deploymentId = ulid()): StepContext & { messages: string[] } {
  const messages: string[] = [];
  return {
    deploymentId,
    fencingToken: (token += 1),
    messages,
    progress: (message) => messages.push(message),
  };
}

const archive = (changes: Partial<Component> = {}): Component => ({
  name: 'site',
  installer: 'archive',
  ...changes,
});
const script = (run: string[], changes: Partial<Component> = {}): Component => ({
  name: 'setup',
  installer: 'script',
  run,
  ...changes,
});

/** What the installer agent does with the components. Stops before the commit when `upTo` says so. */
async function install(digest: string, components: Component[], ctx: StepContext, upTo = components.length) {
  const installers = components.map((component) => installerFor(component, { store, digest }));
  const copy = installers.some(({ writesInPlace }) => writesInPlace) ? 'full' : 'link';
  const { treeId: base } = await driver.snapshot(target, ctx, { watchdogMs: 600_000 });
  let { dir: stageDir } = await driver.beginStage(target, ctx, { base, copy });
  for (const installer of installers.slice(0, upTo)) {
    ({ stageDir } = await installer.apply({ target, stageDir, driver, context: ctx, pod: 'shop' }));
  }
  return stageDir;
}

async function publish(
  digest: string,
  components: Component[],
  ctx: StepContext = context(),
): Promise<string> {
  const treeId = ctx.deploymentId;
  const dir = await install(digest, components, ctx);
  const { fingerprint } = await driver.commitStage(target, ctx, { dir, treeId });
  await driver.switchTo(target, ctx, { treeId, fingerprint });
  await driver.disarmWatchdog(target, treeId);
  await driver.complete(target, ctx, { treeId });
  return treeId;
}

const live = (path = ''): string => join(folder, 'site/current', path);
const read = (path: string): string => readFileSync(live(path), 'utf8');
const listed = (below = live('/')): string[] =>
  execFileSync('find', [below, '-mindepth', '1', '-printf', '%P\\n'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .sort();

/** All that a visitor of the live tree could see changed: bytes, mode, owner, links. */
const state = (tree: string): string =>
  execFileSync('tar', ['-C', join(folder, 'site/releases', tree), '-c', '--sort=name', '.']).toString(
    'base64',
  );

describe('the installer archive', () => {
  it('lays out the whole bundle but its podway.yaml, with plain owners and modes', async () => {
    const files = {
      'podway.yaml': 'x',
      'index.html': 'one',
      'bin/tool': { run: '#!/bin/sh' },
      home: { link: 'index.html' },
    };
    await publish(await bundle(files), [archive()]);
    expect(listed()).toEqual(['bin', 'bin/tool', 'config', 'config/.env', 'home', 'index.html', 'uploads']);
    expect(read('home')).toBe('one');
    expect(lstatSync(live('bin/tool'))).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.() });
    expect(lstatSync(live('bin/tool')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(live('index.html')).mode & 0o7777).toBe(0o644);
    expect(lstatSync(live('index.html')).mtimeMs).toBe(1_600_000_000_000);
  });

  it('lays out a folder of the bundle in a folder of the tree', async () => {
    const digest = await bundle({ 'dist/a.html': 'a', 'dist/css/b.css': 'b', 'other.txt': 'no' });
    await publish(digest, [archive({ source: 'dist', to: 'public/www' })]);
    expect(listed(live('public'))).toEqual(['www', 'www/a.html', 'www/css', 'www/css/b.css']);
  });

  it('replaces what was there, and shares what is the same with the tree before', async () => {
    const text = 'large and the same'.repeat(10_000);
    const first = await publish(
      await bundle({
        same: text,
        changed: 'one',
        mode: 'x',
        gone: 'x',
        'd/gone': 'x',
        kind: 'file',
        'd2/x': 'x',
      }),
      [archive()],
    );
    const before = state(first);
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(lstatSync(live('same')).ctimeMs + 3_000), {
      timeout: 10_000,
      interval: 100,
    });
    await driver.fingerprint(target, undefined);
    await publish(
      await bundle({ same: text, changed: 'two', mode: { run: 'x' }, 'kind/now': 'a folder', d2: 'a file' }),
      [archive()],
    );
    expect(listed()).toEqual([
      'changed',
      'config',
      'config/.env',
      'd2',
      'kind',
      'kind/now',
      'mode',
      'same',
      'uploads',
    ]);
    expect(read('changed')).toBe('two');
    expect(lstatSync(live('mode')).mode & 0o7777).toBe(0o755);
    const old = (path: string): number => lstatSync(join(folder, 'site/releases', first, path)).ino;
    expect(lstatSync(live('same')).ino).toBe(old('same'));
    for (const path of ['changed', 'mode']) expect(lstatSync(live(path)).ino, path).not.toBe(old(path));
    expect(state(first)).toBe(before);
  });

  it('does not take a file for unchanged that somebody has changed on the server', async () => {
    const digest = await bundle({ 'index.html': 'as published', other: 'x' });
    const first = await publish(digest, [archive()]);
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(lstatSync(live('other')).ctimeMs + 3_000), {
      timeout: 10_000,
      interval: 100,
    });
    await driver.fingerprint(target, undefined);
    writeFileSync(live('index.html'), 'by a stranger');
    utimesSync(live('index.html'), 1_600_000_000, 1_600_000_000);
    await publish(digest, [archive()]);
    expect(read('index.html')).toBe('as published');
    expect(readFileSync(join(folder, 'site/releases', first, 'index.html'), 'utf8')).toBe('by a stranger');
  });

  it('adds and overwrites only when it merges, and never writes into the tree before', async () => {
    const first = await publish(
      await bundle({
        kept: 'k',
        over: 'one',
        'd/kept': 'k',
        'd/over': 'one',
        link: { link: 'kept' },
        'real/x': 'x',
        way: { link: 'real' },
      }),
      [archive()],
    );
    const before = state(first);
    await publish(
      await bundle({ over: 'two', 'd/over': 'two', 'd/new': 'n', link: 'a file now', 'way/x': 'y' }),
      [archive({ mode: 'merge' })],
    );
    expect(listed()).toEqual([
      ...[
        'config',
        'config/.env',
        'd',
        'd/kept',
        'd/new',
        'd/over',
        'kept',
        'link',
        'over',
        'real',
        'real/x',
        'uploads',
        'way',
        'way/x',
      ],
    ]);
    expect([read('over'), read('d/over'), read('kept'), read('link'), read('real/x'), read('way/x')]).toEqual(
      ['two', 'two', 'k', 'a file now', 'x', 'y'],
    );
    expect(state(first)).toBe(before);
    const clash = publish(await bundle({ d: 'a file where a folder is' }), [archive({ mode: 'merge' })]);
    await expect(clash).rejects.toMatchObject({ code: 'INSTALL.ARCHIVE_FAILED', retryable: false });
  });

  it('goes its way to the target through folders of the tree only', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    await publish(await bundle({ a: { link: 'b' }, 'b/x': 'x' }), [archive()]);
    const ctx = context();
    const dir = await install(await bundle({ f: 'f' }), [], ctx);
    symlinkSync(join(folder, 'elsewhere'), join(dir, 'out'));
    const digest = await bundle({ f: 'f' });
    for (const [to, mode] of [
      ['out/www', 'replace'],
      ['a/www', 'merge'],
    ] as const) {
      const installer = installerFor(archive({ name: mode, to, mode }), { store, digest });
      await installer.apply({ target, stageDir: dir, driver, context: ctx, pod: 'shop' });
      expect(readFileSync(join(dir, to, 'f'), 'utf8')).toBe('f');
    }
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
    expect(existsSync(join(dir, 'b/www'))).toBe(false);
  });

  it('leaves shared paths alone', async () => {
    await publish(await bundle({ 'index.html': 'one' }), [archive()]);
    writeFileSync(join(folder, 'site/shared/uploads/cat.png'), 'a cat');
    const digest = await bundle({
      'index.html': 'two',
      'uploads/cat.png': 'no cat',
      'config/.env': 'SECRET=none',
      'config/app': 'x',
    });
    for (const mode of ['replace', 'merge'] as const) {
      await publish(digest, [archive({ mode })]);
      expect(read('uploads/cat.png')).toBe('a cat');
      expect(read('config/app')).toBe('x');
      expect(lstatSync(live('config/.env')).isSymbolicLink()).toBe(true);
    }
    for (const to of ['uploads', 'uploads/deeper']) {
      await expect(publish(digest, [archive({ to })])).rejects.toMatchObject({ code: 'INSTALL.INTO_SHARED' });
    }
  });

  it('fails when the bundle is not what it was, and leaves the live tree as it is', async () => {
    const first = await publish(await bundle({ 'index.html': 'one' }), [archive()]);
    const before = state(first);
    const digest = await bundle({ 'index.html': 'two', big: 'x'.repeat(3_000_000) });
    const file = join(folder, 'store', digest.slice(0, 2), digest);
    writeFileSync(file, readFileSync(file).subarray(0, 2_000));
    await expect(publish(digest, [archive()])).rejects.toMatchObject({
      code: expect.stringMatching(/^(ARTIFACT\.CORRUPT|BUNDLE\.TRUNCATED)$/) as string,
    });
    expect(state(first)).toBe(before);
    expect(read('index.html')).toBe('one');
  });
});

describe('the installer script', () => {
  const dump = `#!/bin/sh
echo "$PODWAY_DEPLOYMENT_ID $PODWAY_POD $PODWAY_SERVER" >who
pwd -P >where
printf '%s' "$PODWAY_RELEASE_DIR" >release
cat "$PODWAY_BUNDLE_DIR/data.txt" >copied
printf '%s\\n' "$@" >arguments
`;

  it('runs a program of the bundle in the tree, with what it needs to know', async () => {
    const digest = await bundle({ 'bin/setup.sh': { run: dump }, 'data.txt': 'some data' });
    const id = await publish(digest, [script(['./bin/setup.sh', 'a b', '$(id)'])]);
    expect(read('who')).toBe(`${id} shop server-1\n`);
    expect(read('where').trim()).toBe(read('release'));
    expect(read('copied')).toBe('some data');
    expect(read('arguments')).toBe('a b\n$(id)\n');
  });

  it('may write into files: the tree before does not notice', async () => {
    const first = await publish(await bundle({ 'index.html': 'one\n' }), [archive()]);
    const before = state(first);
    const run = '#!/bin/sh\necho two >>index.html\n';
    await publish(await bundle({ 'run.sh': { run } }), [script(['./run.sh'])]);
    expect(read('index.html')).toBe('one\ntwo\n');
    expect(state(first)).toBe(before);
  });

  it('runs a program of the server, and tells what it says', async () => {
    const ctx = context();
    await publish(
      await bundle({ x: 'x' }),
      [script(['sh', '-c', 'echo step one; sleep 1; echo step two >&2'])],
      ctx,
    );
    expect(ctx.messages).toContain('step one');
  });

  it.each<[string, string[], Partial<Component>, object]>([
    [
      'with another exit code',
      ['sh', '-c', 'echo it is broken >&2; exit 7'],
      {},
      { details: { exitCode: 7 }, message: expect.stringContaining('it is broken') as string },
    ],
    ['that is not there', ['podway-no-such-program'], {}, { details: { exitCode: 127 } }],
    [
      'that takes too long',
      ['sh', '-c', 'echo waiting; sleep 60'],
      { timeoutMs: 300 },
      { details: { exitCode: 124 } },
    ],
  ])('fails for a program %s', async (_, run, changes, expected) => {
    const failed = publish(await bundle({ x: 'x' }), [script(run, changes)]);
    await expect(failed).rejects.toMatchObject({
      code: 'INSTALL.SCRIPT_FAILED',
      retryable: false,
      ...expected,
    });
  });

  const counting = (journal: string): Files => ({
    'run.sh': { run: `#!/bin/sh\necho ran >>${journal}\nsleep 0.3\necho by the script >>made\n` },
  });

  it('runs once a deployment, however often it is asked', async () => {
    const journal = join(folder, 'journal');
    const digest = await bundle({ ...counting(journal), 'index.html': 'one' });
    const components = [archive(), script(['./run.sh'])];
    const ctx = context();
    const first = await install(digest, components, ctx);
    const again = await install(digest, components, { ...ctx, fencingToken: (token += 1) });
    expect(again).toBe(first);
    await publish(digest, components, { ...ctx, fencingToken: (token += 1) });
    expect(readFileSync(journal, 'utf8')).toBe('ran\n');
    expect(read('made')).toBe('by the script\n');
    expect(read('index.html')).toBe('one');
  });

  it('goes on when we are cut off, and is found again', async () => {
    const journal = join(folder, 'journal');
    const digest = await bundle(counting(journal));
    const ctx = context();
    const cut = install(digest, [script(['./run.sh'])], ctx);
    await vi.waitFor(() => expect(existsSync(journal)).toBe(true), { timeout: 10_000 });
    await server.cut();
    await expect(cut).rejects.toMatchObject({ retryable: true });
    await publish(digest, [script(['./run.sh'])], { ...ctx, fencingToken: (token += 1) });
    expect(readFileSync(journal, 'utf8')).toBe('ran\n');
    expect(read('made')).toBe('by the script\n');
  });

  it('does not undo what a script made of the files of a component before it', async () => {
    const digest = await bundle({ 'site/page': 'source' });
    const components = [
      script(['true'], { name: 'first' }),
      archive({ source: 'site' }),
      script(['sh', '-c', 'echo compiled >page'], { name: 'second' }),
    ];
    const ctx = context();
    await install(digest, components, ctx);
    await publish(digest, components, { ...ctx, fencingToken: (token += 1) });
    expect(read('page')).toBe('compiled\n');
  });

  it('does not know the outcome when the job was taken away', async () => {
    const digest = await bundle({ x: 'x' });
    const ctx = context();
    const lost = install(digest, [script(['sleep', '60'])], ctx);
    lost.catch(() => undefined);
    const jobs = join(folder, 'site/.podway/jobs');
    await vi.waitFor(
      () => expect(readdirSync(jobs).some((job) => existsSync(join(jobs, job, 'process')))).toBe(true),
      { timeout: 10_000 },
    );
    const [pid] = readFileSync(join(jobs, `${ctx.deploymentId}.setup`, 'process'), 'utf8').split('\t');
    process.kill(-Number(pid), 'SIGKILL');
    await expect(lost).rejects.toMatchObject({ code: 'INSTALL.OUTCOME_UNKNOWN', retryable: false });
  });

  it('does not know the outcome when the folder is gone that it ran in', async () => {
    const digest = await bundle({ x: 'x' });
    const ctx = context();
    const first = await install(digest, [script(['true'])], ctx);
    rmSync(dirname(first), { recursive: true });
    const again = install(digest, [script(['true'])], { ...ctx, fencingToken: (token += 1) });
    await expect(again).rejects.toMatchObject({ code: 'INSTALL.OUTCOME_UNKNOWN' });
  });

  it('stops following when it is given up', async () => {
    const controller = new AbortController();
    const ctx = { ...context(), signal: controller.signal };
    const followed = install(await bundle({ x: 'x' }), [script(['sleep', '60'])], ctx);
    setTimeout(() => controller.abort(new Error('deadline')), 1_500);
    await expect(followed).rejects.toThrow();
    await driver.restore(
      target,
      { ...context(ctx.deploymentId) },
      await driver.fingerprint(target, undefined),
    );
  });
});
