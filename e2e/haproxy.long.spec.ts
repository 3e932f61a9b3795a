import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startHaproxy, type HaproxyOptions, type TestHaproxy } from '@podway/testing/haproxy';
import { site } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { ReleaseVisitors } from './support/release-visitors.js';
import { Scene, type Pod, type PodOptions } from './support/scene.js';
import { manyFiles, slowInstall } from './support/slow.js';

/** Updates of PODs whose accesses go through real HAProxy. */
describe('a POD behind HAProxy', () => {
  let scene: Scene;
  const proxies: TestHaproxy[] = [];
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.stop();
    await scene.clear();
  });
  afterAll(() => scene?.close());

  /** A POD on version 1, and the HAProxies in front of it. */
  async function behindHaproxy(
    count: number,
    options: PodOptions = {},
    haproxy: Partial<HaproxyOptions> = {},
  ): Promise<{ pod: Pod; first: string }> {
    const pod = await scene.pod(options);
    const backend = Object.fromEntries(pod.servers.map((server) => [server.name, server.http]));
    for (let number = 0; number < count; number += 1)
      proxies.push(await startHaproxy({ backends: { site: backend }, ...haproxy }));
    const sockets = proxies.map((proxy, index) => (index % 2 === 0 ? proxy.socket : proxy.tcpSocket));
    await scene.admin.applyPods({ ...pod.spec, balancer: { kind: 'haproxy', sockets, backend: 'site' } });
    return { pod, first: await pod.serves('1') };
  }

  function visitors(pod: Pod): ReleaseVisitors[] {
    return proxies.map((proxy) => new ReleaseVisitors(proxy.url, `${pod.name}.test`, 4));
  }

  async function noneHurt(visiting: ReleaseVisitors[], versions: number[]): Promise<void> {
    for (const each of visiting) {
      await each.stop();
      expect({ failed: each.failed, late: each.late }).toEqual({ failed: [], late: [] });
      expect([...each.versions].toSorted()).toEqual(versions);
      expect(each.total).toBeGreaterThan(200);
    }
  }

  const everywhere = (): Promise<string[][]> =>
    Promise.all(proxies.map((proxy) => proxy.inMaintenance('site')));

  it.each([
    ['one HAProxy, three servers', 1, 3],
    ['two HAProxies, two servers', 2, 2],
  ])('a good and a broken update: no access fails or goes back (%s)', async (_, count, servers) => {
    const { pod } = await behindHaproxy(count, { servers });
    const visiting = visitors(pod);
    const good = await pod.serves('2');
    await pod.settledOn(good);
    const broken = await pod.publish('3', {
      files: { 'index.html': 'version 3, broken', 'health.txt': 'Fatal error' },
    });
    expect(await pod.ended(broken)).toMatchObject({ state: 'RolledBack' });
    await pod.settledOn(good);
    await noneHurt(visiting, [1, 2]);
    expect(await everywhere()).toEqual(proxies.map(() => []));
  });

  it('HAProxy is restarted in mid-deployment: the canary is out again, and the update succeeds', async () => {
    const { pod } = await behindHaproxy(1);
    const [proxy] = proxies as [TestHaproxy];
    const id = await pod.publish('2', slowInstall(4));
    await pod.publisher.reached(id, 'Installing');
    expect(await proxy.inMaintenance('site')).toEqual(['server-1']);
    await proxy.kill();
    await proxy.start();
    await expect.poll(() => proxy.inMaintenance('site'), { timeout: 3_000 }).toEqual(['server-1']);
    const view = await pod.ended(id);
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(id);
    expect(await everywhere()).toEqual([[]]);
  });

  it('HAProxy is away: nothing is changed on the servers, and the next update succeeds', async () => {
    const { pod, first } = await behindHaproxy(1);
    const [proxy] = proxies as [TestHaproxy];
    await proxy.kill();
    const view = await pod.ended(await pod.publish('2'));
    expect(view).toMatchObject({ state: 'Failed', failure: { code: 'BALANCER.UNREACHABLE' } });
    await proxy.start();
    await pod.settledOn(first);
    await pod.settledOn(await pod.serves('3'));
    expect(await everywhere()).toEqual([[]]);
  });

  it('HAProxy is away in a roll-back: the operator is called, and the roll-back is finished by a retry', async () => {
    const { pod, first } = await behindHaproxy(1);
    const [proxy] = proxies as [TestHaproxy];
    const run = ['sh', '-c', 'sleep 3; exit 1'];
    const id = await pod.publish('2', { checks: [{ probe: 'command', run, timeoutMs: 60_000, tries: 1 }] });
    await pod.publisher.reached(id, 'Verifying');
    await proxy.kill();
    const view = await pod.ended(id);
    expect(view).toMatchObject({ state: 'RollbackFailed', failure: { code: 'VERIFICATION.FAILED' } });
    await proxy.start();
    await scene.admin.call('POST', `/v1/deployments/${id}/retry`);
    await eventually(
      'the roll-back',
      async () => (await pod.publisher.deployment(id)).state === 'RolledBack',
    );
    await pod.settledOn(first);
    expect(await everywhere()).toEqual([[]]);
  });

  it('a replicator that was stopped in time, and wakes after the roll-back, changes nothing in HAProxy', async () => {
    const { pod, first } = await behindHaproxy(1);
    const [replicator] = scene.fleet.of('replicator');
    const id = await pod.publish('2', { files: { ...site('2'), ...manyFiles('2', 2_000) } });
    await pod.publisher.reached(id, 'Replicating');
    await sleep(150);
    replicator!.pause(true);
    await pod.publisher.abort(id);
    expect(await pod.ended(id)).toMatchObject({ state: 'Aborted' });
    const visiting = visitors(pod);
    replicator!.pause(false);
    await sleep(4_000);
    await noneHurt(visiting, [1]);
    // One old line may still come from it, and is put right by the watch (docs/adr/0011-haproxy.md).
    await expect.poll(everywhere, { timeout: 10_000 }).toEqual([[]]);
    await pod.settledOn(first);
  });
});
