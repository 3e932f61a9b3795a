import { afterEach, beforeEach } from 'vitest';
import type { ProvedState, ServerTarget, StepContext } from '../src/state-driver.js';
import { StateSetDriver } from '../src/state-set-driver.js';
import type { PartUnderTest } from './part-contract.js';
import { context, treeServer, ulid, type TreeServer } from './tree-server.js';

interface Installed {
  readonly ctx: StepContext;
  readonly snapshot: ProvedState;
  readonly release: { treeId: string; fingerprint: string };
}

interface Scene {
  readonly driver: StateSetDriver;
  readonly watchdog: { watchdogMs: number };
  canary: TreeServer;
  other: TreeServer;
  kit: PartUnderTest;
  look(server: TreeServer): Promise<string>;
  /** Of the part on a server. */
  folder(server: TreeServer): string;
  /** Snapshot, change, record, switch. */
  install(token: number, change: () => unknown, target?: ServerTarget & TreeServer): Promise<Installed>;
  /** The canary serves, and the other one gets what it has. */
  replicate(installed: Installed): Promise<{ changed: boolean }>;
  complete(installed: Installed, server?: TreeServer): Promise<void>;
}

/** Two servers with a part, brought to `old`; what the steps of a deployment do with them. */
export function podScene(arrange: () => PartUnderTest) {
  const driver = new StateSetDriver();
  const watchdog = { watchdogMs: 600_000 };
  const scene: Scene = {
    driver,
    watchdog,
    canary: undefined as unknown as TreeServer,
    other: undefined as unknown as TreeServer,
    kit: undefined as unknown as PartUnderTest,
    look: (server: TreeServer): Promise<string> => scene.kit.look(server),
    folder: (server: TreeServer): string => server.file(`.podway/parts/${scene.kit.part.name}`),
    async install(token: number, change: () => unknown, target = scene.canary): Promise<Installed> {
      const ctx = context(token, ulid());
      const snapshot = await driver.snapshot(target, ctx, watchdog);
      await change();
      const { dir } = await driver.beginStage(target, ctx, { copy: 'link' });
      target.write({ page: ctx.deploymentId }, dir);
      const treeId = ctx.deploymentId;
      const release = { treeId, ...(await driver.commitStage(target, ctx, { dir, treeId })) };
      await driver.switchTo(target, ctx, release);
      return { ctx, snapshot, release };
    },
    async replicate({ ctx, release }: Installed): Promise<{ changed: boolean }> {
      await driver.stageFrom(scene.canary, [scene.other], ctx, release);
      await driver.open(scene.canary, ctx);
      return driver.switchTo(scene.other, ctx, { ...release, ...watchdog });
    },
    async complete({ ctx, release }: Installed, server = scene.canary): Promise<void> {
      await driver.disarmWatchdog(server, ctx.deploymentId);
      await driver.complete(server, ctx, release);
    },
  };
  const servers: TreeServer[] = [];
  beforeEach(async () => {
    scene.kit = arrange();
    const state = { parts: [scene.kit.part] };
    scene.canary = await treeServer(state, { ...scene.kit.server, name: 'canary' });
    scene.other = await treeServer(state, { ...scene.kit.server, name: 'other' });
    servers.push(scene.canary, scene.other);
    for (const server of servers) {
      await scene.kit.become(server, 'old');
      await driver.prepare(server);
    }
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      await scene.kit.end?.(server);
      server.remove();
    }
  });
  return scene;
}

/** One server and one deployment. */
export function alone(server: ServerTarget) {
  const driver = new StateSetDriver();
  const ctx = context(1);
  return {
    prepare: () => driver.prepare(server),
    snapshot: () => driver.snapshot(server, ctx, { watchdogMs: 600_000 }),
    restore: (snapshot: ProvedState) => driver.restore(server, ctx, snapshot),
    fingerprint: () => driver.fingerprint(server, undefined),
  };
}
