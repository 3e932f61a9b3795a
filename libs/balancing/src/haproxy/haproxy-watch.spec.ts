import { afterEach, expect, it } from 'vitest';
import { Inventory } from '@podway/persistence';
import { changes, haproxyScene } from '../../test/haproxy-scene.js';
import { HaproxyWatch } from './haproxy-watch.js';

const scene = haproxyScene();
let watch: HaproxyWatch | undefined;
let told: string[] = [];
afterEach(() => watch?.stop());

async function watching(pollMs = 100): Promise<void> {
  told = [];
  const inventory = new Inventory(scene.database());
  await inventory.apply([scene.pod(), { ...scene.pod(), name: 'blog', balancer: undefined }], 'a test');
  watch = new HaproxyWatch({
    ...{ inventory, pollMs, balancer: scene.balancer(), databaseUrl: scene.databaseUrl() },
    onMended: (pod) => void told.push(`mended ${pod}`),
    onTrouble: (error, pod) => void told.push(`${(error as { code?: string }).code} ${pod}`),
    onTroubleOver: (pod) => void told.push(`over ${pod}`),
  });
  watch.start();
}

it('brings back a HAProxy that was restarted', async () => {
  await scene
    .balancer()
    .rotate(scene.pod(), changes({ web1: false }), { fencingToken: 1, drainTimeoutMs: 0 });
  await watching();
  await scene.proxy().kill();
  await expect.poll(() => told).toContain('BALANCER.UNREACHABLE shop');
  await scene.proxy().start();
  await expect.poll(() => scene.proxy().inMaintenance('shop')).toEqual(['web1']);
  await expect.poll(() => told).toEqual(['BALANCER.UNREACHABLE shop', 'mended shop', 'over shop']);
});

it('takes out a server that the coordinator has quarantined, as soon as it is told', async () => {
  await watching(60_000);
  await scene
    .database()
    .query(
      `insert into coordinator.server_status (pod, server, quarantined, updated_at) values ('shop', 'web2', true, now())`,
    );
  // The listening connection may still be on its way.
  await expect
    .poll(
      async () => {
        await scene.rotation().set('shop', changes({}), 1);
        return scene.proxy().inMaintenance('shop');
      },
      { timeout: 10_000 },
    )
    .toEqual(['web2']);
});

it('follows the inventory', async () => {
  await watching();
  await new Inventory(scene.database()).apply([{ ...scene.pod(), balancer: undefined }], 'a test');
  await scene.proxy().tell('set server shop/web1 state maint');
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(await scene.proxy().inMaintenance('shop')).toEqual(['web1']);
  await new Inventory(scene.database()).apply([scene.pod()], 'a test');
  await expect.poll(() => scene.proxy().inMaintenance('shop')).toEqual([]);
});
