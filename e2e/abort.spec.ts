import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { abortsIn } from './support/aborts.js';
import { eventually } from './support/eventually.js';
import { Scene } from './support/scene.js';
import { slowInstall } from './support/slow.js';

// In the states that are not here: abort.long.spec.ts.
describe('abort', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ env: { PODWAY_STEP_TIMEOUTS_MS: 'RollingBack=60000' } });
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  abortsIn(
    () => scene,
    [
      ['Installing', 'installer-agent'],
      ['Verifying', 'verifier'],
      ['Replicating', 'replicator'],
    ],
  );

  it('in Snapshotting: the canary goes back into rotation', async () => {
    const pod = await scene.pod();
    const good = await pod.serves('1');
    const [snapshotter] = scene.fleet.of('snapshotter');
    snapshotter!.pause(true);
    const id = await pod.publish('2');
    await pod.publisher.reached(id, 'Snapshotting');
    await pod.publisher.abort(id);
    snapshotter!.pause(false);
    expect(await pod.ended(id)).toMatchObject({ state: 'Aborted' });
    await pod.settledOn(good);
  });

  it('in Queued: at once, and the next in the queue goes on', async () => {
    const pod = await scene.pod();
    await pod.serves('1');
    const first = await pod.publish('2', slowInstall(3));
    const second = await pod.publish('3');
    const third = await pod.publish('4');
    await pod.publisher.reached(second, 'Queued');
    await pod.publisher.abort(second);
    expect(await pod.ended(second)).toMatchObject({ state: 'Aborted' });
    expect(await pod.ended(first)).toMatchObject({ state: 'Succeeded' });
    expect(await pod.ended(third)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(third);
  });

  it('of a running script: the script is ended on the server', async () => {
    const pod = await scene.pod();
    const good = await pod.serves('1');
    const id = await pod.publish('2', slowInstall(120));
    await eventually('the script to run', async () => (await pod.server(0).commands()).length > 1);
    await pod.publisher.abort(id);
    expect(await pod.ended(id)).toMatchObject({ state: 'Aborted' });
    await pod.settledOn(good);
  });

  it('of a finished deployment is refused', async () => {
    const pod = await scene.pod();
    const id = await pod.serves('1');
    const answer = await pod.publisher.raw('POST', `/v1/deployments/${id}/abort`, {});
    expect(answer.status).toBe(409);
  });
});
