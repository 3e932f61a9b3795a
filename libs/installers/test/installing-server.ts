import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { monotonicFactory } from 'ulid';
import { DirectoryArtifactStore } from '@podway/artifacts';
import type { Component } from '@podway/contracts';
import { NodeSshHostSessions } from '@podway/hosts';
import { TreeStateDriver, type ServerTarget, type StepContext } from '@podway/state';
import { RecordingLog } from '@podway/testing/steps';
import { startDebianServers, type DebianServer, type DebianServers } from '@podway/testing/debian-servers';
import { SshServers, type SshServer } from '@podway/testing/ssh-servers';
import { installerFor } from '../src/installer-for.js';
import type { InstallRequest } from '../src/installer.js';
import { noVariables } from '../src/variables.js';

const ulid = monotonicFactory();

export type Files = Record<string, string | Buffer | { link: string } | { run: string }>;

/** What an installer is given besides. */
export type InstalledWith = Partial<Pick<InstallRequest, 'variables' | 'programs'>>;

/** Remembers what was told. */
export interface TestContext extends StepContext {
  readonly messages: string[];
  readonly notes: string[];
  readonly log: RecordingLog;
}

export const archive = (changes: Partial<Component> = {}): Component => ({
  name: 'site',
  installer: 'archive',
  ...changes,
});
export const script = (run: string[], changes: Partial<Component> = {}): Component => ({
  name: 'setup',
  installer: 'script',
  run,
  ...changes,
});

/** The same on a Debian server with a root of its own, which has these packages; it stays for the whole file. */
export function installingDebian(packages: readonly string[] = []) {
  let all: DebianServers | undefined;
  const debian = (): DebianServer => {
    if (!all) throw new Error('the Debian server has not started');
    return all.at(0);
  };
  beforeAll(async () => {
    all = await startDebianServers({ names: ['debian-1'], packages });
  }, 600_000);
  afterAll(async () => all?.stop());
  return { ...installingServer(debian), debian };
}

/** For one spec file: a real server, an empty POD and an empty store for each test, and what the installer agent does with them. */
export function installingServer(debian?: () => DebianServer) {
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
      session: await sessions.session(debian?.().spec() ?? server.spec()),
      path: debian ? `/srv/${basename(folder)}` : join(folder, 'site'),
      state: { driver: 'tree', shared: ['uploads/', 'config/.env'] },
    };
    await driver.prepare(target);
  });
  // The watchdog's loop may still be ending in there.
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

  /** Stores a bundle of these files; a `run` is an executable one. */
  async function bundle(files: Files): Promise<string> {
    const from = mkdtempSync(join(folder, 'bundle-'));
    for (const [path, content] of Object.entries(files)) {
      const file = join(from, path);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(file, content);
      else if ('link' in content) symlinkSync(content.link, file);
      else writeFileSync(file, content.run);
      if (typeof content === 'object' && 'run' in content && !Buffer.isBuffer(content))
        chmodSync(file, 0o755);
      if (typeof content === 'string') utimesSync(file, 1_600_000_000, 1_600_000_000);
    }
    const archive = execFileSync('tar', ['-C', from, '-cz', '.'], { maxBuffer: 1024 ** 3 });
    return (await store.put(Readable.from([archive]))).digest;
  }

  /** Stores what a component fetches by its URL, and names it so. */
  async function fetched(content: Buffer): Promise<Pick<Component, 'url' | 'sha256'>> {
    const { digest } = await store.put(Readable.from([content]));
    return { url: 'https://files.example/file', sha256: digest };
  }

  function context(deploymentId = ulid()): TestContext {
    const messages: string[] = [];
    return {
      deploymentId,
      fencingToken: (token += 1),
      messages,
      notes: [],
      log: new RecordingLog(),
      progress: (message) => messages.push(message),
    };
  }

  /** What the installer agent does with the components. */
  async function install(
    digest: string,
    components: Component[],
    ctx: StepContext & Partial<Pick<TestContext, 'notes'>>,
    besides: InstalledWith = {},
  ) {
    const installers = components.map((component) =>
      installerFor(component, { store, digest: component.sha256 ?? digest }),
    );
    const copy = installers.some(({ writesInPlace }) => writesInPlace) ? 'full' : 'link';
    const { treeId: base } = await driver.snapshot(target, ctx, { watchdogMs: 600_000 });
    let { dir: stageDir } = await driver.beginStage(target, ctx, { base, copy });
    for (const installer of installers) {
      const request = {
        target,
        stageDir,
        driver,
        context: ctx,
        pod: 'shop',
        variables: noVariables,
        programs: {},
      };
      const installed = await installer.apply({ ...request, ...besides });
      stageDir = installed.stageDir;
      if (installed.note !== undefined) ctx.notes?.push(installed.note);
    }
    return stageDir;
  }

  async function publish(
    digest: string,
    components: Component[],
    ctx: StepContext = context(),
    besides: InstalledWith = {},
  ): Promise<string> {
    const treeId = ctx.deploymentId;
    const dir = await install(digest, components, ctx, besides);
    const { fingerprint } = await driver.commitStage(target, ctx, { dir, treeId });
    await driver.switchTo(target, ctx, { treeId, fingerprint });
    await driver.disarmWatchdog(target, treeId);
    await driver.complete(target, ctx, { treeId });
    return treeId;
  }

  const live = (path = ''): string => join(debian?.().root ?? '/', target.path, 'current', path);
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

  return {
    bundle,
    fetched,
    context,
    install,
    publish,
    live,
    read,
    listed,
    state,
    driver,
    /** What the running test has. */
    at: () => ({ folder, target, store, server }),
    nextToken: () => (token += 1),
  };
}
