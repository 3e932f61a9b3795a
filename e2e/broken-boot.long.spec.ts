import { NodeSshHostSessions } from '@podway/hosts';
import { startDebianMachine, type DebianMachine } from '@podway/testing/debian-servers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { join } from 'node:path';
import { Api } from './support/api.js';
import { site, writeBundle } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { Scene } from './support/scene.js';

/** Nothing like it is there: systemd waits for it at the boot, and gives up starting the rest. */
const BREAKS_BOOT = `#!/bin/sh
set -e
echo '/dev/disk/by-label/no-such-disk /data ext4 defaults,x-systemd.device-timeout=10s 0 2' >>/etc/fstab
sync
systemctl reboot
sleep 3600
`;
const MINUTES = 60_000;

let scene: Scene;
let machine: DebianMachine;
beforeAll(async () => {
  machine = await startDebianMachine('vm1');
  scene = await Scene.open();
  await machine.answers(10 * MINUTES);
}, 20 * MINUTES);
afterAll(async () => {
  await scene?.close();
  await machine?.stop();
});

it(
  'a real kernel whose boot an update breaks: its watchdog mends the boot, and the deployment ends rolled back',
  async () => {
    await scene.admin.applyPods({
      ...{ name: 'vm', client: 'acme', path: machine.path, servers: [machine.spec()] },
      state: { driver: 'tree', parts: [{ name: 'mounts', driver: 'paths', paths: ['/etc/fstab'] }] },
      policy: { canary: 'first', watchdogMs: 30 * MINUTES },
    });
    const { key } = await scene.admin.call<{ key: string }>('POST', '/v1/keys', {
      client: 'acme',
      role: 'publisher',
    });
    const publisher = new Api(scene.fleet.apiUrl, key);
    const ask = async (...argv: string[]): Promise<string> => {
      const sessions = new NodeSshHostSessions({});
      try {
        return (await (await sessions.session(machine.spec())).exec(argv)).stdout;
      } finally {
        await sessions.close();
      }
    };
    const good = join(scene.folder, 'good');
    const first = await publisher.publish(await writeBundle(good, { version: '1', files: site('1') }), 'vm');
    expect(await publisher.ended(first)).toMatchObject({ state: 'Succeeded' });
    const fstab = await ask('cat', '/etc/fstab');
    const boot = await ask('cat', '/proc/sys/kernel/random/boot_id');

    const bad = await writeBundle(join(scene.folder, 'bad'), {
      version: '2',
      files: site('2'),
      components: [{ name: 'mounts', installer: 'script', run: ['./install.sh'] }],
      scripts: { 'install.sh': BREAKS_BOOT },
    });
    const id = await publisher.publish(bad, 'vm');
    await eventually(
      'a boot that was mended',
      async () => {
        const now = await ask('cat', '/proc/sys/kernel/random/boot_id').catch(() => boot);
        return now !== boot && (await ask('cat', '/etc/fstab')) === fstab;
      },
      { timeoutMs: 15 * MINUTES },
    );
    const console = await machine.said(1_000_000);
    // It was booted twice: into what the update had left, and into what the watchdog had put back.
    expect(console.match(/Linux version /g)).toHaveLength(3);
    // Whether the saga still waited when the server was back, or had called the operator, who tries again now.
    const ended = await publisher.ended(id);
    if (ended.state === 'RollbackFailed') await scene.admin.call('POST', `/v1/deployments/${id}/retry`);
    await eventually('the roll-back', async () => (await publisher.deployment(id)).state === 'RolledBack', {
      timeoutMs: 3 * MINUTES,
    });
    const { servers } = await publisher.pod('vm');
    expect(servers[0]).toMatchObject({ inRotation: true, quarantined: false });
    expect(await ask('cat', '/srv/site/current/index.html')).toContain('version 1');
    expect(await ask('cat', '/etc/fstab')).toBe(fstab);
  },
  40 * MINUTES,
);
