import { describe, expect, it } from 'vitest';
import {
  CanaryUnavailable,
  RestoreFailed,
  RetryRequested,
  SnapshotFailed,
  VerificationFailed,
  type PodCommand,
} from '@podway/contracts';
import { Rotation, WriteFences } from '@podway/persistence';
import { answer, good, useCoordinator } from '../test/coordinator-scene.js';

const failed = { code: 'TEST.FAILED', detail: 'no' };

describe('the fence that a deployment has set', () => {
  const scene = useCoordinator();
  const { submit, tell, ends, commanded } = scene;
  const fenced = async () => (await new Rotation(scene.database).view()).writesFenced.has('shop');

  /** Resolves when the deployment has come to its snapshot and set the fence. */
  async function fencing(): Promise<{ id: string; snapshot: PodCommand }> {
    scene.workers.Snapshotting = () => undefined;
    const id = await submit();
    const snapshot = (await commanded(id, 'Snapshotting')) as PodCommand;
    await new WriteFences(scene.database).set('shop', id, snapshot.fencingToken);
    expect(await fenced()).toBe(true);
    return { id, snapshot };
  }
  const taken = ({ snapshot }: { snapshot: PodCommand }) => tell(good.Snapshotting(snapshot) as object);

  /** Gateways see all of it at one moment: over, and no fence, in a generation that makes them look. */
  async function liftedWhen(id: string, state: string): Promise<void> {
    const { generation } = await new Rotation(scene.database).view();
    await ends(id, state);
    expect(await fenced()).toBe(false);
    expect((await new Rotation(scene.database).view()).generation).toBeGreaterThan(generation);
    expect(await scene.database.query('select * from ingress.write_fences')).toEqual([]);
  }

  it('stays until it has succeeded', async () => {
    scene.workers.Confirming = () => undefined;
    const fence = await fencing();
    await taken(fence);
    const confirm = await commanded(fence.id, 'Confirming');
    expect(await fenced()).toBe(true);
    await tell(good.Confirming(confirm) as object);
    await liftedWhen(fence.id, 'Succeeded');
  });

  it('goes with a deployment that did not get further than the snapshot', async () => {
    const { id, snapshot } = await fencing();
    await tell(answer(SnapshotFailed, failed)(snapshot) as object);
    await liftedWhen(id, 'Failed');
  });

  it('goes with one that was rolled back; the next one begins without it', async () => {
    scene.workers.Verifying = answer(VerificationFailed, { ...failed, evidence: [] });
    const fence = await fencing();
    await taken(fence);
    await liftedWhen(fence.id, 'RolledBack');
    scene.workers = { ...good, SelectingCanary: answer(CanaryUnavailable, failed) };
    await ends(await submit(), 'Failed');
    expect(await fenced()).toBe(false);
  });

  it('stays where the roll-back failed, until an operator has had it done', async () => {
    scene.workers.Verifying = answer(VerificationFailed, { ...failed, evidence: [] });
    scene.workers.RollingBack = answer(RestoreFailed, { ...failed, servers: [] });
    const fence = await fencing();
    await taken(fence);
    await ends(fence.id, 'RollbackFailed');
    expect(await fenced()).toBe(true);
    scene.workers.RollingBack = good.RollingBack;
    await tell(Object.assign(new RetryRequested(), { deploymentId: fence.id, by: 'k1' }));
    await liftedWhen(fence.id, 'RolledBack');
  });

  it('that comes when it is over keeps nobody from writing', async () => {
    const { id, snapshot } = await fencing();
    await tell(answer(SnapshotFailed, failed)(snapshot) as object);
    await ends(id, 'Failed');
    await new WriteFences(scene.database).set('shop', id, snapshot.fencingToken);
    expect(await fenced()).toBe(false);
  });
});
