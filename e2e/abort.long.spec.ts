import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentState, ServiceName } from '@podway/contracts';
import { eventually } from './support/eventually.js';
import { Scene } from './support/scene.js';
import { slowInstall } from './support/slow.js';

/**
 * An abort in each state. The worker of the state is stopped in time before, so that the deployment waits there; after
 * the abort it goes on, and whatever it still wants to do comes too late.
 */
describe('abort', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ env: { PODWAY_STEP_TIMEOUTS_MS: 'RollingBack=60000' } });
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  const workers: [DeploymentState, ServiceName][] = [
    ['Authenticating', 'auth'],
    ['Resolving', 'pod-resolver'],
    ['SelectingCanary', 'pod-resolver'],
    ['Installing', 'installer-agent'],
    ['Verifying', 'verifier'],
    ['Replicating', 'replicator'],
    ['Confirming', 'verifier'],
  ];

  it.each(workers)('in %s: the POD is as it was before', async (state, service) => {
    const pod = await scene.pod();
    const good = await pod.serves('1');
    const before = await pod.hashes();
    const [worker] = scene.fleet.of(service);
    // Two states share a worker with an earlier one: it is stopped when the state before has been reached.
    const ahead = { SelectingCanary: 'Queued', Confirming: 'Replicating' }[state as string];
    if (!ahead) worker!.pause(true);
    const id = await pod.publish('2');
    if (ahead) {
      await pod.publisher.reached(id, ahead);
      worker!.pause(true);
    }
    try {
      await pod.publisher.reached(id, state);
      await pod.publisher.abort(id);
    } finally {
      worker!.pause(false);
    }
    const view = await pod.ended(id);
    // A state may be over before the abort comes: then it takes effect in a later one, with the same end.
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Aborted' });
    await pod.settledOn(good);
    expect(await pod.hashes()).toEqual(before);
    await pod.settledOn(await pod.serves('3'));
  });

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
