import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { liveTree } from './support/observer.js';
import { Scene } from './support/scene.js';
import { slowCheck } from './support/slow.js';

/** When even the way back is blocked, or nobody can reach the server any more. */
describe('last resort', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  it('a roll-back that fails keeps the server out and the POD waiting, until an operator has mended it', async () => {
    const pod = await scene.pod({ servers: 2 });
    const good = await pod.serves('1');
    const bad = await pod.publish('2', {
      checks: [{ probe: 'command', run: ['sh', '-c', 'sleep 2; exit 1'], tries: 1, timeoutMs: 20_000 }],
    });
    await pod.publisher.reached(bad, 'Verifying');
    // Somebody damages the release that the canary is to go back to.
    const page = join(pod.server(0).path, 'releases', good, 'index.html');
    const original = await readFile(page);
    await writeFile(page, 'damaged');

    const view = await pod.ended(bad);
    expect(view).toMatchObject({
      state: 'RollbackFailed',
      rollbackFailure: { step: 'RollingBack', server: 'server-1' },
    });
    const { servers } = await pod.publisher.pod(pod.name);
    expect(servers[0]).toMatchObject({ quarantined: true, inRotation: false });
    expect(servers[1]).toMatchObject({ quarantined: false, inRotation: true });
    expect(await pod.visit()).toMatchObject({ text: expect.stringContaining('version 1') as string });
    const waiting = await pod.publish('3');
    await pod.publisher.reached(waiting, 'Queued');
    await sleep(500);
    expect(await pod.publisher.deployment(waiting)).toMatchObject({ state: 'Queued' });

    await writeFile(page, original);
    await scene.admin.call('POST', `/v1/deployments/${bad}/retry`);
    await eventually(
      'the roll-back',
      async () => (await pod.publisher.deployment(bad)).state === 'RolledBack',
    );
    expect(await pod.ended(waiting)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(waiting);
  });

  it('a canary that nobody speaks to any more restores itself, and the deployment follows', async () => {
    const pod = await scene.pod({ servers: 2, policy: { canary: 'first', watchdogMs: 5_000 } });
    const good = await pod.serves('1');
    const id = await pod.publish('2', slowCheck(1));
    await pod.publisher.reached(id, 'Verifying');
    const [verifier] = scene.fleet.of('verifier');
    verifier!.pause(true);
    try {
      await eventually('the watchdog', async () => (await liveTree(pod.server(0))) === `releases/${good}`, {
        timeoutMs: 30_000,
      });
    } finally {
      verifier!.pause(false);
    }
    const view = await pod.ended(id);
    expect(view, JSON.stringify(view.rollbackFailure)).toMatchObject({ state: 'RolledBack' });
    await pod.settledOn(good);
    await pod.settledOn(await pod.serves('3'));
  });
});
