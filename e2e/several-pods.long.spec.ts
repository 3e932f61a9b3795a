import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { UpdateView } from '@podway/contracts';
import { packed } from './support/api.js';
import { liveTree } from './support/observer.js';
import { Scene, type Pod } from './support/scene.js';

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open();
});
afterEach(() => scene.clear());
afterAll(() => scene?.close());

/** Publishes one bundle to several PODs. Resolves with the ids of the deployments, in their order. */
async function publishTo(
  pods: readonly Pod[],
  mode: string,
  version: string,
  checks: Pod['spec']['checks'] = [],
) {
  const [first] = pods;
  if (!first) throw new Error('No PODs');
  const bundle = await packed(await first.bundle(version, { checks }));
  const names = pods.map(({ name }) => name).join(',');
  const path = `/v1/updates?pods=${names}&mode=${mode}`;
  const { deployments } = await first.publisher.call<UpdateView>('POST', path, bundle);
  return deployments.map(({ id }) => id);
}

describe('an update of several PODs', () => {
  it('that go together or not at all reaches all of them', async () => {
    const pods = [await scene.pod({ servers: 2 }), await scene.pod({ servers: 2 })];
    const ids = await publishTo(pods, 'all-or-nothing', '1');
    for (const [index, pod] of pods.entries()) {
      const view = await pod.ended(ids[index]!);
      expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded', release: 1 });
      expect(view.stages.map(({ state }) => state)).toEqual(
        expect.arrayContaining(['AwaitingCanaries', 'AwaitingPods']),
      );
      await pod.settledOn(ids[index]);
    }
  });

  it('is rolled back everywhere when it does not hold in one of them', async () => {
    const pods = [await scene.pod({ servers: 2 }), await scene.pod({ servers: 2 })];
    const good = [await pods[0]!.serves('1'), await pods[1]!.serves('1')];
    const before = [await pods[0]!.hashes(), await pods[1]!.hashes()];
    // Passes in the first POD alone.
    const inFirst = `case $(pwd -P) in ${pods[0]!.server(0).path}/*) ;; *) exit 1 ;; esac`;
    const checks: Pod['spec']['checks'] = [{ probe: 'command', run: ['sh', '-c', inFirst], tries: 1 }];
    const ids = await publishTo(pods, 'all-or-nothing', '2', checks);
    expect(await pods[1]!.ended(ids[1]!)).toMatchObject({ state: 'RolledBack' });
    const other = await pods[0]!.ended(ids[0]!);
    expect(other.state).toBe('Aborted');
    expect(other.stages.map(({ state }) => state)).not.toContain('Replicating');
    for (const [index, pod] of pods.entries()) {
      await pod.settledOn(good[index]);
      expect(await pod.hashes()).toEqual(before[index]);
    }
  });
});

describe('a POD that wants an approval', () => {
  it('holds its canary for longer than the watchdog would, and goes on when somebody else approves', async () => {
    const pod = await scene.pod({
      servers: 2,
      policy: { watchdogMs: 5_000, approval: { replication: 'required' } },
    });
    const id = await pod.publish('1');
    await pod.publisher.reached(id, 'AwaitingApproval');
    await sleep(8_000);
    expect(await liveTree(pod.server(0))).toBe(`releases/${id}`);
    expect(await liveTree(pod.server(1))).toBeUndefined();
    const own = await pod.publisher.raw('POST', `/v1/deployments/${id}/approve`, {});
    expect(own.status).toBe(403);
    await scene.admin.call('POST', `/v1/deployments/${id}/approve`, { reason: 'looked at it' });
    expect(await pod.ended(id)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(id);
  });

  it('rolls back what is refused', async () => {
    const pod = await scene.pod({ servers: 2, policy: { approval: { replication: 'required' } } });
    const id = await pod.publish('1');
    await pod.publisher.reached(id, 'AwaitingApproval');
    await scene.admin.call('POST', `/v1/deployments/${id}/refuse`, { reason: 'ugly' });
    const view = await pod.ended(id);
    expect(view).toMatchObject({ state: 'RolledBack', failure: { code: 'APPROVAL.REFUSED' } });
    await pod.settledOn(undefined);
  });
});
