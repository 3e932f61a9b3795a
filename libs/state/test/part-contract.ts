import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StatePart, StateSpec } from '@podway/contracts';
import { StateSetDriver } from '../src/state-set-driver.js';
import { eventually } from './eventually.js';
import {
  context,
  newTree,
  treeServer,
  ulid,
  type TreeServer,
  type TreeServerOptions,
} from './tree-server.js';

/** One kind of part on real servers, for the tests that every kind must pass. */
export interface PartUnderTest {
  readonly part: StatePart;
  /** What each of the servers has of its own. */
  readonly server?: TreeServerOptions;
  /** Makes one of the two servers, where a folder of this machine will not do. */
  newServer?(state: Partial<StateSpec>, name: string): Promise<TreeServer>;
  /** Brings the server's state to one of these versions, whatever it was before; each differs from the others. */
  become(server: TreeServer, version: 'old' | 'new' | 'other'): Promise<void>;
  /** All that must be put back, as text: looked at without the driver. */
  look(server: TreeServer): Promise<string>;
  /** Whether the watchdog puts it back by itself. */
  readonly heals: boolean;
  /** Ends what `become` started on a server. */
  end?(server: TreeServer): Promise<void>;
}

/** What every kind of part promises. `arrange` is called for each test. */
export function keepsThePromiseOfParts(kind: string, arrange: () => Promise<PartUnderTest>): void {
  describe(`${kind}: a part of the state`, () => {
    const driver = new StateSetDriver();
    const watchdog = { watchdogMs: 600_000 };
    let kit: PartUnderTest;
    let canary: TreeServer;
    let other: TreeServer;

    beforeEach(async () => {
      kit = await arrange();
      const state = { parts: [kit.part] };
      const newServer = kit.newServer ?? ((_, name) => treeServer(state, { ...kit.server, name }));
      canary = await newServer(state, 'canary');
      other = await newServer(state, 'other');
      for (const server of [canary, other]) {
        await kit.become(server, 'old');
        await driver.prepare(server);
      }
    });
    afterEach(async () => {
      for (const server of [canary, other]) {
        await kit.end?.(server);
        server.remove();
      }
    });

    /** What installers do: the part in place, the tree beside; then the canary is switched. */
    async function install(token: number, version: 'new' | 'other', deploymentId = ulid()) {
      const ctx = context(token, deploymentId);
      const snapshot = await driver.snapshot(canary, ctx, watchdog);
      await kit.become(canary, version);
      const { dir } = await driver.beginStage(canary, ctx, { copy: 'link' });
      canary.write({ page: version }, dir);
      const release = {
        treeId: deploymentId,
        ...(await driver.commitStage(canary, ctx, { dir, treeId: deploymentId })),
      };
      await driver.switchTo(canary, ctx, release);
      return { ctx, snapshot, release };
    }
    const fingerprint = async (server: TreeServer) =>
      (await driver.fingerprint(server, undefined)).fingerprint;

    it('is put back with the tree, and proved', async () => {
      const was = await kit.look(canary);
      const { ctx, snapshot, release } = await install(1, 'new');
      expect(await kit.look(canary)).not.toBe(was);
      expect(await fingerprint(canary)).toBe(release.fingerprint);
      expect(release.fingerprint).not.toBe(snapshot.fingerprint);
      expect(await driver.restore(canary, ctx, { ...snapshot, discard: release.treeId })).toEqual({
        changed: true,
      });
      expect(await kit.look(canary)).toBe(was);
      expect(await fingerprint(canary)).toBe(snapshot.fingerprint);
      // A second copy of the command finds nothing to do.
      expect(await driver.restore(canary, ctx, { ...snapshot, discard: release.treeId })).toEqual({
        changed: false,
      });
    });

    it('is recorded once a deployment: what it becomes later is not what is put back', async () => {
      const was = await kit.look(canary);
      const ctx = context(1);
      const first = await driver.snapshot(canary, ctx, watchdog);
      await kit.become(canary, 'new');
      expect(await driver.snapshot(canary, ctx, watchdog)).toEqual(first);
      await driver.restore(canary, ctx, first);
      expect(await kit.look(canary)).toBe(was);
    });

    it('is replicated, and put back on the other server, too', async () => {
      const was = await kit.look(other);
      const { ctx, snapshot, release } = await install(1, 'new');
      const { results, bytesSent } = await driver.stageFrom(canary, [other], ctx, release);
      expect(results.get('other')).toEqual({ ok: true });
      expect(bytesSent).toBeGreaterThan(0);
      expect(await kit.look(other)).toBe(was);
      expect(await driver.switchTo(other, ctx, { ...release, ...watchdog })).toEqual({ changed: true });
      expect(await kit.look(other)).toBe(await kit.look(canary));
      expect(await driver.fingerprint(other, undefined, { deep: true })).toEqual(release);
      await driver.restore(other, ctx, { ...snapshot, discard: release.treeId });
      expect(await kit.look(other)).toBe(was);
    });

    it('goes back to any kept release, and records that nobody needs are given up', async () => {
      const first = await install(1, 'new');
      await driver.disarmWatchdog(canary, first.ctx.deploymentId);
      await driver.complete(canary, first.ctx, first.release);
      const shown = await kit.look(canary);
      const second = await install(2, 'other');
      await driver.disarmWatchdog(canary, second.ctx.deploymentId);
      await driver.complete(canary, second.ctx, second.release);
      const records = await canary.session.exec([
        'ls',
        canary.file(`.podway/parts/${kit.part.name}/records`),
      ]);
      expect(records.stdout.split('\n').filter(Boolean).sort()).toEqual(
        [first.release.treeId, second.release.treeId, `before.${second.ctx.deploymentId}`].sort(),
      );
      const name = kit.part.name;
      const told = await driver.changes(canary, { from: first.release, to: second.release, limit: 10 });
      expect(told.parts?.[name]).toMatchObject({ from: expect.any(String), to: expect.any(String) });
      expect(await driver.check(canary, second.release, { limit: 10 })).toMatchObject(second.release);
      await kit.become(canary, 'old');
      const drifted = await driver.check(canary, second.release, { limit: 10 });
      expect(drifted.fingerprint).not.toBe(second.release.fingerprint);
      expect(Object.keys(drifted.changes?.parts ?? {})).toEqual([name]);
      expect(drifted.changes?.tree).toMatchObject({ added: 0, changed: 0, removed: 0 });
      const back = context(3);
      await driver.snapshot(canary, back, watchdog);
      await driver.switchTo(canary, back, first.release);
      expect(await kit.look(canary)).toBe(shown);
      expect(await fingerprint(canary)).toBe(first.release.fingerprint);
    });

    it('refuses whom the fence keeps out, and a release that it has no record of', async () => {
      const { release, snapshot } = await install(5, 'new');
      const shown = await kit.look(canary);
      const late = context(4, release.treeId);
      await expect(driver.restore(canary, late, snapshot)).rejects.toMatchObject({ code: 'STATE.FENCED' });
      await expect(driver.snapshot(canary, late, watchdog)).rejects.toMatchObject({ code: 'STATE.FENCED' });
      expect(await kit.look(canary)).toBe(shown);
      const bare = await newTree(driver, { ...canary, state: { driver: 'tree' } }, context(5), { a: '1' });
      await expect(driver.switchTo(canary, context(5), bare)).rejects.toMatchObject({
        code: 'STATE.RECORD_MISSING',
      });
      expect(await kit.look(canary)).toBe(shown);
    });

    it('is put back by the watchdog, or left to others and said so', async () => {
      const was = await kit.look(canary);
      const { ctx, snapshot, release } = await install(1, 'new');
      const shown = await kit.look(canary);
      canary.bootedSince(5_000);
      await eventually(async () =>
        expect((await driver.inspect(canary)).restoredByWatchdog).toEqual([ctx.deploymentId]),
      );
      const status = await driver.inspect(canary);
      expect(status.liveTreeId).toBeUndefined();
      if (kit.heals) {
        expect(await kit.look(canary)).toBe(was);
        expect(status.leftByWatchdog).toEqual([]);
      } else {
        expect(await kit.look(canary)).toBe(shown);
        expect(status.leftByWatchdog).toEqual([{ deploymentId: ctx.deploymentId, part: kit.part.name }]);
      }
      await expect(driver.switchTo(canary, ctx, release)).rejects.toMatchObject({
        code: 'STATE.WATCHDOG_FIRED',
      });
      await driver.restore(canary, ctx, { ...snapshot, discard: release.treeId });
      expect(await kit.look(canary)).toBe(was);
    });

    it('is whole after calls that were cut at any point', async () => {
      const was = await kit.look(other);
      const { ctx, snapshot, release } = await install(1, 'new');
      await driver.stageFrom(canary, [other], ctx, release);
      for (const afterMs of [20, 60, 120, 250]) {
        const cut = AbortSignal.timeout(afterMs);
        await driver
          .switchTo(other, { ...ctx, signal: cut }, { ...release, ...watchdog })
          .catch(() => undefined);
        const cutAgain = AbortSignal.timeout(afterMs);
        await driver.restore(other, { ...ctx, signal: cutAgain }, snapshot).catch(() => undefined);
      }
      await driver.restore(other, ctx, { ...snapshot, discard: undefined });
      expect(await kit.look(other)).toBe(was);
    });
  });
}
