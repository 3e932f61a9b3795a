import { PodwayError, RestoreSnapshot, SnapshotRestored, type StepOutcome } from '@podway/contracts';
import { StepWorld, type StepWorldOptions } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { RestoreFailedError } from './restore-toll.js';
import { RollingBack } from './rolling-back.js';

interface Told {
  servers: { name: string; result: string; code?: string; fingerprint?: string }[];
}

function scene({ replicas, ...options }: StepWorldOptions & { replicas?: string[] } = {}) {
  const world = new StepWorld(options);
  const work = new RollingBack(world.servers, world.driver, world.balancer);
  const command = world.command(RestoreSnapshot, {
    step: 'RollingBack',
    canary: 'web1',
    replicas: replicas ?? [...world.hosts.keys()].slice(1),
    snapshot: { server: 'web1', ...world.old },
    treeId: world.deploymentId,
  });
  const run = (): Promise<StepOutcome> => work.execute(command, world.context(command));
  return { world, work, command, run };
}

const results = (outcome: unknown): string[] =>
  (outcome as Told).servers.map(({ name, result }) => `${name} ${result}`).toSorted();

async function refusal(run: Promise<unknown>): Promise<RestoreFailedError> {
  const error: unknown = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RestoreFailedError);
  return error as RestoreFailedError;
}

describe('RollingBack', () => {
  it('puts the canary back before it serves again; servers that were not touched are left alone', async () => {
    const { world, run } = scene({ replicas: [] });
    world.installedOn('web1');
    const outcome = await run();
    expect(outcome).toBeInstanceOf(SnapshotRestored);
    expect(outcome).toMatchObject({
      servers: [{ name: 'web1', result: 'restored', fingerprint: world.old.fingerprint }],
    });
    expect(world.journal).toEqual(['rotate web1=off', 'restore web1', 'disarm web1', 'rotate web1=on']);
    expect(world.host('web1')).toMatchObject({ live: world.old.treeId, armed: undefined });
    expect(world.host('web1').trees).toEqual(new Set([world.old.treeId]));
    expect(world.disagreements).toEqual([]);
  });

  it('tells what the watchdog did before it was reached, and what that left', async () => {
    const { world, work, command } = scene({ replicas: [] });
    const left = ['shop-db'];
    world.host('web1').restoredBy = [
      { deploymentId: world.deploymentId, left },
      { deploymentId: '01K00000000000000000000000', left: ['other'] },
    ];
    const told: string[] = [];
    const progress = (message: string): number => told.push(message);
    await work.execute(command, { ...world.context(command), progress });
    expect(told).toContain('the watchdog had restored the server; it could not put back shop-db');
    expect(told.filter((message) => message.includes('watchdog'))).toHaveLength(1);
  });

  const part = { name: 'shop', driver: 'database', engine: 'mariadb', database: 'shop' } as const;
  const shared = { ...part, scope: 'pod' } as const;

  it('puts back what all servers share on the canary, before any other is proved', async () => {
    const { world, run } = scene({ pod: { state: { driver: 'tree', parts: [shared] } } });
    world.installedOn('web1');
    expect(results(await run())).toEqual(['web1 restored', 'web2 restored', 'web3 restored']);
    const restores = world.journal.filter((line) => line.startsWith('restore'));
    expect(restores).toEqual(['restore web1', 'restore web2', 'restore web3']);
  });

  it('lets servers that were never switched serve on, where writes keep what all share from being put back', async () => {
    const { world, run } = scene({ servers: 4, pod: { state: { driver: 'tree', parts: [shared] } } });
    // In mid-switch: web3 and web4 wait out of rotation.
    world.switchedOn('web1', 'web2');
    for (const name of ['web2', 'web3', 'web4']) world.balancer.out.add(name);
    world.host('web1').fails('restore', world.host('web1').error('LOSS_WINDOW', 'users have written'), 1);
    const error = await refusal(run());
    expect(error).toMatchObject({ code: 'STATE.LOSS_WINDOW', server: 'web1' });
    expect(results(error)).toEqual(['web1 failed', 'web3 unchanged', 'web4 unchanged']);
    expect(world.inRotation()).toEqual(['web3', 'web4']);
    expect(world.journal.filter((line) => line.startsWith('restore'))).toEqual([]);
    expect(results(await run())).toEqual(['web1', 'web2', 'web3', 'web4'].map((name) => `${name} restored`));
    expect(world.inRotation()).toEqual(['web1', 'web2', 'web3', 'web4']);
  });

  it('proves each of them where it has a part of its own', async () => {
    const { world, run } = scene({
      pod: { state: { driver: 'tree', parts: [shared, { ...part, name: 'own' }] } },
    });
    world.installedOn('web1');
    for (const name of ['web1', 'web2', 'web3']) {
      const word = name === 'web1' ? 'LOSS_WINDOW' : 'FINGERPRINT_MISMATCH';
      world.host(name).fails('restore', world.host(name).error(word, 'not as it was'), 1);
    }
    expect(results(await refusal(run()))).toEqual(['web1 failed', 'web2 failed', 'web3 failed']);
    expect(world.inRotation()).toEqual([]);
  });

  it('tells the loss that a server refuses, and goes on where an operator has accepted it', async () => {
    const { world, work, command, run } = scene({ replicas: [] });
    world.installedOn('web1');
    world.host('web1').fails('restore', world.host('web1').error('LOSS_WINDOW', 'users have written'), 1);
    const error = await refusal(run());
    expect(work.failed(command, error)).toMatchObject({ code: 'STATE.LOSS_WINDOW', server: 'web1' });
    const asked: unknown[] = [];
    const { restore } = world.driver;
    world.driver.restore = (target, context, options) => {
      asked.push(options.acceptLoss);
      return restore.call(world.driver, target, context, options);
    };
    command.acceptLoss = true;
    expect(results(await run())).toEqual(['web1 restored']);
    expect(asked).toEqual([true]);
  });

  it('restores one server out of rotation when all had switched, and lets it serve while the others follow', async () => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    expect(results(await run())).toEqual(['web1 restored', 'web2 restored', 'web3 restored']);
    expect(world.journal.slice(0, 4)).toEqual([
      'rotate web1=off',
      'restore web1',
      'disarm web1',
      'rotate web1=on web2=off web3=off',
    ]);
    expect(world.journal.at(-1)).toBe('rotate web1=on web2=on web3=on');
    expect(world.disagreements).toEqual([]);
    expect(world.fewest).toBe(1);
  });

  it('lets servers that kept the old state serve while the others are restored', async () => {
    const { world, run } = scene({ servers: 4 });
    // In mid-switch: the canary serves, web2 has switched, web3 and web4 have not.
    world.switchedOn('web1');
    world.installedOn('web2');
    world.balancer.out.add('web3').add('web4');
    expect(results(await run())).toHaveLength(4);
    const turn = world.journal.indexOf('rotate web1=off web2=off web3=on web4=on');
    expect(turn).toBeGreaterThan(world.journal.indexOf('restore web4'));
    expect(turn).toBeLessThan(world.journal.indexOf('restore web1'));
    expect(world.inRotation()).toEqual(['web1', 'web2', 'web3', 'web4']);
    expect(world.disagreements).toEqual([]);
  });

  it('takes a server that it cannot reach out of rotation together with the others', async () => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    world.host('web3').reachable = false;
    const outcome = await run();
    expect(results(outcome)).toEqual(['web1 restored', 'web2 restored', 'web3 quarantined']);
    expect(world.inRotation()).toEqual(['web1', 'web2']);
    expect(world.disagreements).toEqual([]);
  });

  it('puts the others back when the canary cannot be reached', async () => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    world.host('web1').reachable = false;
    expect(results(await run())).toEqual(['web1 quarantined', 'web2 restored', 'web3 restored']);
    expect(world.inRotation()).toEqual(['web2', 'web3']);
    expect(world.disagreements).toEqual([]);
  });

  it('leaves a server out that was behind already and has no such state', async () => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    world.host('web3').trees.delete(world.old.treeId);
    const outcome = await run();
    expect(results(outcome)).toEqual(['web1 restored', 'web2 restored', 'web3 quarantined']);
    expect(outcome).toMatchObject({
      servers: expect.arrayContaining([expect.objectContaining({ code: 'STATE.TREE_MISSING' })]) as object,
    });
    expect(world.inRotation()).toEqual(['web1', 'web2']);
  });

  it('tries one after the other until one is back', async () => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    world.host('web1').fails('restore', world.host('web1').error('BUSY', 'the lock is held'));
    expect(results(await run())).toEqual(['web1 quarantined', 'web2 restored', 'web3 restored']);
    expect(world.disagreements).toEqual([]);
    expect(world.inRotation()).toEqual(['web2', 'web3']);
  });

  it('leaves the only server of a POD in rotation', async () => {
    const { world, run } = scene({ servers: 1 });
    world.installedOn('web1');
    await run();
    expect(world.inRotation()).toEqual(['web1']);
    expect(world.fewest).toBe(1);
  });

  it('may be done again', async () => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    const first = await run();
    expect(await run()).toEqual(first);
    expect(world.inRotation()).toHaveLength(3);
    expect(world.disagreements).toEqual([]);
  });
});

describe('RollingBack that fails', () => {
  it.each([
    ['a server that answers cannot be put back', 'web2', 'RELOAD_FAILED', 'restore'],
    ['the snapshot is gone where it was taken', 'web1', 'TREE_MISSING', 'restore'],
    ['a server cannot be looked at', 'web2', 'LAYOUT', 'inspect'],
  ] as const)('%s: the others are back, and it is told', async (_, name, word, verb) => {
    const { world, work, command, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    world.host(name).fails(verb, world.host(name).error(word, 'no'));
    const error = await refusal(run());
    expect(error).toMatchObject({ code: `STATE.${word}`, retryable: false });
    expect(results(error).filter((one) => one.endsWith('restored'))).toHaveLength(2);
    const told = work.failed(command, error);
    expect(told).toMatchObject({ code: `STATE.${word}`, server: name });
    expect(results(told)).toContain(`${name} failed`);
    expect(world.inRotation()).toEqual(['web1', 'web2', 'web3'].filter((one) => one !== name));
    expect(world.disagreements).toEqual([]);
  });

  it('is tried again when no server can be reached', async () => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    for (const host of world.hosts.values()) host.reachable = false;
    const error = await refusal(run());
    expect(error).toMatchObject({ code: 'HOST.UNREACHABLE', retryable: true });
    expect(results(error)).toEqual(['web1 quarantined', 'web2 quarantined', 'web3 quarantined']);
    for (const host of world.hosts.values()) host.reachable = true;
    expect(await run()).toBeInstanceOf(SnapshotRestored);
  });

  it('never says that it is restored when no server is', async () => {
    const { world, run } = scene({ servers: 1 });
    world.installedOn('web1');
    world.host('web1').fails('restore', world.host('web1').error('BUSY', 'held'));
    expect(await refusal(run())).toMatchObject({ code: 'STATE.BUSY', retryable: true });
  });

  it.each(['restore', 'rotation'])('leaves it to a newer command that has come first: %s', async (where) => {
    const { world, run } = scene();
    world.switchedOn('web1', 'web2', 'web3');
    if (where === 'restore') world.host('web2').token = 11;
    else await world.balancer.fence('shop', 11);
    await expect(run()).rejects.toMatchObject({
      code: where === 'restore' ? 'STATE.FENCED' : 'ROTATION.FENCED',
    });
  });

  it('tells what it knows of an error that is not about a server', () => {
    const { work, command } = scene();
    const told = work.failed(command, new PodwayError('INVENTORY.UNKNOWN_REVISION', 'no such revision'));
    expect(told).toMatchObject({ code: 'INVENTORY.UNKNOWN_REVISION', servers: [] });
  });
});
