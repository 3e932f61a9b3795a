import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BundleParts } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { DebianPod } from './support/debian-pod.js';
import { Scene } from './support/scene.js';

/** Installs a version of the program's settings where they are, on the canary. */
function settings(version: string, more = ''): Partial<BundleParts> {
  const script = `#!/bin/sh
set -e
mkdir -p /etc/shop/rules.d
echo "version ${version}" >/etc/shop/shop.conf
chmod 640 /etc/shop/shop.conf
echo "only ${version}" >"/etc/shop/rules.d/${version}.rule"
${more}`;
  return {
    components: [{ name: 'settings', installer: 'script', run: ['./install.sh'] }],
    scripts: { 'install.sh': script },
  };
}

const LOOK =
  "cd /etc && find shop -printf '%p %y %m %U %G\\n' | sort && find shop -type f | sort | xargs cat";

describe('a POD whose state has parts', () => {
  let scene: Scene;
  let pod: DebianPod;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterEach(() => pod?.stop());
  afterAll(() => scene?.close());

  const open = async (tool: 'restic' | 'borg' = 'restic', policy: object = {}) => {
    pod = await DebianPod.of(scene, {
      state: { driver: 'tree', parts: [{ name: 'shop', driver: 'paths', paths: ['/etc/shop'], tool }] },
      policy: { canary: 'first', ...policy },
    });
  };

  it.each(['restic', 'borg'] as const)(
    'changes settings by %s on all servers, goes back when the test fails, and to any release',
    async (tool) => {
      await open(tool);
      await pod.all('mkdir /etc/shop; echo by hand >/etc/shop/shop.conf; touch /etc/shop/old');
      const one = await pod.serves('1', settings('1', 'rm /etc/shop/old'));
      await pod.settledOn(one);
      const first = await pod.all(LOOK);
      expect(new Set(first).size).toBe(1);
      expect(first[0]).toContain('version 1');
      expect(first[0]).not.toContain('old');

      const failing = await pod.publish('2', {
        ...settings('2'),
        checks: [{ probe: 'http', path: '/missing', tries: 1 }],
      });
      expect(await pod.ended(failing)).toMatchObject({
        state: 'RolledBack',
        failure: { step: 'Verifying' },
      });
      expect(await pod.all(LOOK)).toEqual(first);
      await pod.settledOn(one);

      const three = await pod.serves('3', settings('3'));
      await pod.settledOn(three);
      const third = await pod.all(LOOK);
      expect(new Set(third).size).toBe(1);
      expect(third[0]).toContain('only 3');

      const back = await pod.ended(await pod.publisher.goBack(pod.name, 1));
      expect(back, JSON.stringify(back.failure)).toMatchObject({ state: 'Succeeded' });
      expect(await pod.all(LOOK)).toEqual(first);
      await pod.settledOn(one);
    },
  );

  it('puts back what an installer broke half-way', async () => {
    await open();
    const one = await pod.serves('1', settings('1'));
    const first = await pod.all(LOOK);
    const id = await pod.publish('2', settings('2', 'rm /etc/shop/rules.d/1.rule; exit 3'));
    expect(await pod.ended(id)).toMatchObject({
      state: 'RolledBack',
      failure: { step: 'Installing', code: 'INSTALL.SCRIPT_FAILED' },
    });
    expect(await pod.all(LOOK)).toEqual(first);
    await pod.settledOn(one);
  });

  it('a canary that cannot be reached any more, and is rebooted, heals itself; the view is reconciled with it', async () => {
    await open('restic', { watchdogMs: 15_000 });
    const one = await pod.serves('1', settings('1'));
    const first = await pod.all(LOOK);
    const [canary] = pod.servers;
    // The update cuts its own server off.
    const id = await pod.publish('2', settings('2', 'ip link set eth0 down; sleep 3600'));
    await pod.publisher.reached(id, 'Installing');
    await expect
      .poll(() => canary!.run(['sh', '-c', 'ls /etc/shop/rules.d']), { timeout: 60_000 })
      .toContain('2.rule');
    await canary!.reboot();
    await expect.poll(() => canary!.run(['sh', '-c', LOOK]), { timeout: 60_000 }).toBe(first[0]);
    await canary!.heal();
    const view = await pod.ended(id);
    expect(view).toMatchObject({ state: 'RolledBack' });
    expect(await pod.all(LOOK)).toEqual(first);
    await pod.settledOn(one);
    await pod.settledOn(await pod.serves('3', settings('3')));
  });

  it('an update that breaks the boot of its server calls the operator; mended, the server has healed itself', async () => {
    await open('restic', { watchdogMs: 15_000 });
    const one = await pod.serves('1', settings('1'));
    const first = await pod.all(LOOK);
    const [canary, ...others] = pod.servers;
    const id = await pod.publish('2', settings('2', 'sleep 3600'));
    await pod.publisher.reached(id, 'Installing');
    await expect
      .poll(() => canary!.run(['ls', '/etc/shop/rules.d']), { timeout: 60_000 })
      .toContain('2.rule');
    canary!.neverComesUp();
    await canary!.reboot();
    expect(await pod.ended(id)).toMatchObject({
      state: 'RollbackFailed',
      rollbackFailure: { code: 'HOST.UNREACHABLE', server: 'web1' },
    });
    const { servers } = await pod.publisher.pod(pod.name);
    expect(servers.map(({ inRotation, quarantined }) => [inRotation, quarantined])).toEqual([
      [false, true],
      [true, false],
      [true, false],
    ]);
    for (const [index, server] of others.entries())
      expect(await server.run(['sh', '-c', LOOK])).toBe(first[index + 1]);
    // Somebody mends the boot: before anything else runs, the watchdog puts the old state back.
    canary!.comesUp();
    await canary!.reboot();
    await expect.poll(() => canary!.run(['sh', '-c', LOOK]), { timeout: 60_000 }).toBe(first[0]);
    await scene.admin.call('POST', `/v1/deployments/${id}/retry`);
    await eventually(
      'the roll-back',
      async () => (await pod.publisher.deployment(id)).state === 'RolledBack',
    );
    expect(await pod.all(LOOK)).toEqual(first);
    await pod.settledOn(one);
  });
});
