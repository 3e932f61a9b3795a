import { expect, it } from 'vitest';
import type { DeploymentState, ServiceName } from '@podway/contracts';
import type { Scene } from './scene.js';

/**
 * An abort in each state. The worker of the state is stopped in time before, so that the deployment waits there; after
 * the abort it goes on, and whatever it still wants to do comes too late.
 */
export function abortsIn(sceneOf: () => Scene, workers: [DeploymentState, ServiceName][]): void {
  it.each(workers)('in %s: the POD is as it was before', async (state, service) => {
    const scene = sceneOf();
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
}
