import { PodwayError, SnapshotFailed, SnapshotTaken, TakeSnapshot } from '@podway/contracts';
import { isFenced, StepRunner } from '@podway/service-kit';
import { StepWorld, type StepWorldOptions } from '@podway/testing/steps';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Snapshotting } from './snapshotting.js';

const logger = pino({ level: 'silent' });

function scene(options?: StepWorldOptions) {
  const world = new StepWorld(options);
  const work = new Snapshotting(world.servers, world.driver, world.balancer, logger);
  const command = world.command(TakeSnapshot, { step: 'Snapshotting', canary: 'web1' });
  const run = () => work.execute(command, world.context(command));
  const giveUp = () => work.givenUp(command, world.context(command));
  return { world, work, command, run, giveUp };
}

describe('Snapshotting', () => {
  it('drains the canary, then records its state and arms its watchdog', async () => {
    const { world, run } = scene();
    const outcome = await run();
    expect(world.journal).toEqual(['rotate web1=off', 'snapshot web1']);
    expect(outcome).toEqual(
      Object.assign(new SnapshotTaken(), {
        deploymentId: world.deploymentId,
        step: 'Snapshotting',
        attempt: 1,
        snapshot: { server: 'web1', ...world.old },
      }),
    );
    expect(world.host('web1').armed).toBe(world.deploymentId);
    expect(world.rotations).toMatchObject([{ fencingToken: 10, drainTimeoutMs: 10_000 }]);
  });

  it('gives running accesses the time that the POD wants', async () => {
    const { world, run } = scene({ policy: { drainTimeoutMs: 1_234 } });
    world.balancer.unfinished = 2;
    expect(await run()).toBeInstanceOf(SnapshotTaken);
    expect(world.rotations).toMatchObject([{ drainTimeoutMs: 1_234 }]);
  });

  it('tells of a canary that held no release', async () => {
    const { world, run } = scene();
    world.host('web1').live = undefined;
    expect(await run()).toMatchObject({ snapshot: { server: 'web1' } });
    expect(await run()).not.toHaveProperty('snapshot.treeId');
  });

  it('leaves the only server of a POD in rotation', async () => {
    const { world, run } = scene({ servers: 1 });
    await run();
    expect(world.journal).toEqual(['snapshot web1']);
    expect(world.inRotation()).toEqual(['web1']);
  });

  it('has users stop writing before anything else, where the POD wants it, and as long as the deployment lasts', async () => {
    const { world, run, giveUp } = scene({ policy: { fenceWrites: true, drainTimeoutMs: 1_234 } });
    const fence = `fence writes for ${world.deploymentId}`;
    expect(await run()).toBeInstanceOf(SnapshotTaken);
    expect(world.journal).toEqual([fence, 'rotate web1=off', 'snapshot web1']);
    expect(world.rotations[0]).toMatchObject({ fencingToken: 10, drainTimeoutMs: 1_234 });
    await giveUp();
    expect(world.journal.filter((what) => what === fence)).toHaveLength(1);
  });

  it('records nothing while a write runs that was under way', async () => {
    const { world, run } = scene({ policy: { fenceWrites: true } });
    world.balancer.unfinishedWrites = 2;
    await expect(run()).rejects.toMatchObject({ code: 'SNAPSHOT.WRITES_RUNNING', retryable: true });
    expect(world.journal).toEqual([`fence writes for ${world.deploymentId}`]);
  });

  it('drains nobody when the canary cannot be reached', async () => {
    const { world, run } = scene();
    world.host('web1').reachable = false;
    await expect(run()).rejects.toMatchObject({ code: 'HOST.UNREACHABLE' });
    expect(world.journal).toEqual([]);
  });

  it('puts the canary back when it is given up, rotation first, and lets no copy of the command drain it again', async () => {
    const { world, run, giveUp } = scene();
    await run();
    world.journal.length = 0;
    await giveUp();
    expect(world.journal).toEqual(['rotate web1=on', 'disarm web1']);
    expect(world.rotations.at(-1)).toMatchObject({ fencingToken: 11, drainTimeoutMs: 0 });
    await expect(run()).rejects.toSatisfy(isFenced);
    expect(world.inRotation()).toContain('web1');
  });

  it('puts the canary back although it cannot be reached', async () => {
    const { world, run, giveUp } = scene();
    await run();
    world.host('web1').reachable = false;
    await giveUp();
    expect(world.inRotation()).toContain('web1');
  });

  it('takes no watchdog away, and no canary back, from a newer command', async () => {
    const { world, run, giveUp } = scene();
    await run();
    await world.balancer.fence('shop', 12);
    world.journal.length = 0;
    await giveUp();
    expect(world.journal).toEqual([]);
    expect(world.host('web1').armed).toBe(world.deploymentId);
    expect(world.inRotation()).not.toContain('web1');
  });

  it('tells which server it failed on', () => {
    const { work, command } = scene();
    expect(work.failed(command, new PodwayError('STATE.DISK_FULL', 'no space'))).toEqual(
      Object.assign(new SnapshotFailed(), {
        deploymentId: command.deploymentId,
        step: 'Snapshotting',
        attempt: 1,
        code: 'STATE.DISK_FULL',
        detail: 'no space',
        server: 'web1',
      }),
    );
  });
});

describe('Snapshotting, run as a step', () => {
  const pace = { retryDelaysMs: [1, 1], progressEveryMs: 0, heartbeatMs: 10_000, hardLimitMs: 60_000 };

  async function outcomesOf({ world, work, command }: ReturnType<typeof scene>): Promise<string[]> {
    const types: string[] = [];
    const broker = {
      publish: async ({ envelope }: { envelope: { type: string } }) => void types.push(envelope.type),
    };
    const { balancer, log } = world;
    const runner = new StepRunner('snapshotter', broker as never, balancer, () => log, logger, pace);
    await runner.run(command, { traceparent: '' } as never, work);
    return types.filter((type) => !type.includes('progressed'));
  }

  it.each([
    ['for good', 'DISK_FULL', Infinity],
    ['each time that it is tried', 'BUSY', 3],
  ] as const)('has the canary back in rotation when it failed %s', async (_, word, times) => {
    const one = scene();
    const web1 = one.world.host('web1');
    web1.fails('snapshot', web1.error(word, 'not now'), times);
    expect(await outcomesOf(one)).toEqual(['io.podway.snapshot.failed.v1']);
    expect(one.world.inRotation()).toEqual(['web1', 'web2', 'web3']);
  });

  it('says and changes nothing when a newer command has come to the server', async () => {
    const one = scene();
    const { world } = one;
    world.host('web1').token = 11;
    world.host('web1').armed = world.deploymentId;
    expect(await outcomesOf(one)).toEqual([]);
    expect(world.journal).toEqual(['rotate web1=off']);
    expect(world.host('web1').armed).toBe(world.deploymentId);
  });
});
