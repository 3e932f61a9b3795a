import { PodwayError, ReleaseReplicated, ReplicateRelease, type StepOutcome } from '@podway/contracts';
import type { DeploymentReader } from '@podway/persistence';
import { PromotionFailedError } from '@podway/service-kit';
import { StepWorld, type StepWorldOptions } from '@podway/testing/steps';
import { describe, expect, it, vi } from 'vitest';
import { Replicating } from './replicating.js';

function scene({ quarantined = [], ...options }: StepWorldOptions & { quarantined?: string[] } = {}) {
  const world = new StepWorld({ servers: 4, ...options });
  world.installedOn('web1');
  const statuses = quarantined.map((server) => ({ server, quarantined: true }));
  const deployments = { serverStatus: async () => statuses } as unknown as DeploymentReader;
  const { servers, driver, balancer } = world;
  const work = new Replicating({ servers, driver, balancer, deployments });
  const command = world.command(ReplicateRelease, {
    step: 'Replicating',
    canary: 'web1',
    replicas: [...world.hosts.keys()].slice(1),
    snapshot: { server: 'web1', ...world.old },
    ...world.new,
  });
  const run = (): Promise<StepOutcome> => work.execute(command, world.context(command));
  return { world, work, command, run };
}

async function refusal(run: Promise<unknown>): Promise<PromotionFailedError> {
  const error: unknown = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PromotionFailedError);
  return error as PromotionFailedError;
}

const results = (outcome: unknown): string[] =>
  (outcome as { servers: { name: string; result: string }[] }).servers
    .map(({ name, result }) => `${name} ${result}`)
    .toSorted();
const allSwitched = ['web1 switched', 'web2 switched', 'web3 switched', 'web4 switched'];
const switches = (journal: string[]): string[] => journal.filter((what) => what.startsWith('switch'));

describe('Replicating', () => {
  it.each([true, undefined])('says whether what users have written may be lost: %s', async (acceptLoss) => {
    const { world, command, run } = scene();
    if (acceptLoss) command.acceptLoss = acceptLoss;
    const switchTo = vi.spyOn(world.driver, 'switchTo');
    await run();
    expect(switchTo.mock.calls.map(([, , options]) => options.acceptLoss)).toEqual(
      Array.from({ length: 3 }, () => acceptLoss),
    );
  });

  it('stages on all, gives the canary all accesses, switches all, and only then lets them serve', async () => {
    const { world, run } = scene();
    const outcome = await run();
    expect(world.journal).toEqual([
      'feed web1',
      'stage from web1 to web2 web3 web4',
      // What is written from here on is the users'.
      'open web1',
      'rotate web1=on web2=off web3=off web4=off',
      'switch web2',
      'switch web3',
      'switch web4',
      'rotate web1=on web2=on web3=on web4=on',
    ]);
    expect(outcome).toBeInstanceOf(ReleaseReplicated);
    expect(outcome).toMatchObject({ bytesSent: 300 });
    expect(results(outcome)).toEqual(allSwitched);
    expect(world.disagreements).toEqual([]);
    expect(world.fewest).toBe(1);
    for (const { armed } of world.hosts.values()) expect(armed).toBe(world.deploymentId);
  });

  it('tells what the release changes on the canary; not to know it is no failure', async () => {
    const { world, run } = scene();
    expect(await run()).toMatchObject({ changes: { tree: { added: 0, changed: 1, removed: 0 } } });
    const other = scene();
    other.world.host('web1').fails('changes', other.world.host('web1').error('UNREADABLE', 'no'));
    const outcome = await other.run();
    expect(outcome).toBeInstanceOf(ReleaseReplicated);
    expect(outcome).not.toHaveProperty('changes');
    expect(world.disagreements).toEqual([]);
  });

  it('may be done again, by a later command, wherever it was cut', async () => {
    const { world, run, command } = scene();
    world.host('web3').fails('switchTo', world.host('web3').error('BUSY', 'not now'), 1);
    await refusal(run());
    expect(world.disagreements).toEqual([]);
    command.fencingToken = 11;
    expect(results(await run())).toEqual(allSwitched);
    expect(world.disagreements).toEqual([]);
    expect(world.inRotation()).toHaveLength(4);
  });

  it('switches under traffic where more than one server must serve, and takes none out', async () => {
    const { world, run } = scene({ policy: { minInRotation: 3 } });
    expect(results(await run())).toEqual(allSwitched);
    expect(world.journal.filter((what) => what.startsWith('rotate'))).toEqual([
      'rotate web1=on web2=on web3=on web4=on',
    ]);
    expect(world.inRotation()).toHaveLength(4);
  });

  it('has nothing to switch in a POD of one server, which serves all the time', async () => {
    const { world, run } = scene({ servers: 1 });
    expect(results(await run())).toEqual(['web1 switched']);
    expect(world.inRotation()).toEqual(['web1']);
    expect(world.fewest).toBe(1);
  });

  it('brings a server that was quarantined up with the others', async () => {
    const { world, run } = scene({ quarantined: ['web4'] });
    world.host('web4').live = undefined;
    world.balancer.out.add('web4');
    expect(results(await run())).toEqual(allSwitched);
    expect(world.inRotation()).toHaveLength(4);
  });

  it('does not begin when the canary has restored itself', async () => {
    const { world, run } = scene();
    world.host('web1').fired = true;
    await expect(run()).rejects.toMatchObject({ code: 'STATE.WATCHDOG_FIRED' });
    expect(world.journal).toEqual([]);
  });
});

describe('Replicating, when the policy is to roll back all', () => {
  it('changes no server when one cannot be reached', async () => {
    const { world, work, command, run } = scene();
    world.host('web3').reachable = false;
    const error = await refusal(run());
    expect(error).toMatchObject({ code: 'HOST.UNREACHABLE', retryable: true });
    expect(world.journal).toEqual(['feed web1']);
    expect(work.failed(command, error)).toMatchObject({
      code: 'HOST.UNREACHABLE',
      server: 'web3',
      servers: [{ name: 'web3', result: 'quarantined', code: 'HOST.UNREACHABLE' }],
    });
  });

  it('switches no server when one cannot be staged', async () => {
    const { world, run } = scene();
    world.host('web3').fails('stageFrom', world.host('web3').error('DISK_FULL', 'no space'));
    expect(await refusal(run())).toMatchObject({ code: 'STATE.DISK_FULL', retryable: false });
    expect(switches(world.journal)).toEqual([]);
    expect(world.inRotation()).toEqual(['web2', 'web3', 'web4']);
  });

  it('lets none of the switched serve when one cannot be switched', async () => {
    const { world, run } = scene();
    world.host('web3').fails('switchTo', world.host('web3').error('RELOAD_FAILED', 'status 1'));
    const error = await refusal(run());
    expect(results(error)).toEqual(['web2 switched', 'web3 quarantined', 'web4 switched']);
    expect(world.inRotation()).toEqual(['web1']);
    expect(world.disagreements).toEqual([]);
  });

  it('goes on without a server that was quarantined before', async () => {
    const { world, run } = scene({ quarantined: ['web4'] });
    world.host('web4').reachable = false;
    world.balancer.out.add('web4');
    expect(results(await run())).toEqual([...allSwitched.slice(0, 3), 'web4 quarantined']);
    expect(world.inRotation()).toEqual(['web1', 'web2', 'web3']);
  });
});

describe('Replicating, when the policy is quarantine', () => {
  const policy = { onPartialFailure: 'quarantine' } as const;

  it.each(['connect', 'stageFrom', 'switchTo'] as const)('leaves out what is lost at %s', async (where) => {
    const { world, run } = scene({ policy });
    if (where === 'connect') world.host('web3').reachable = false;
    else world.host('web3').fails(where, world.host('web3').error('DISK_FULL', 'no space'));
    expect(results(await run())).toEqual([
      'web1 switched',
      'web2 switched',
      'web3 quarantined',
      'web4 switched',
    ]);
    expect(world.inRotation()).toEqual(['web1', 'web2', 'web4']);
    expect(world.disagreements).toEqual([]);
  });

  it('goes on with the canary alone when that is enough', async () => {
    const { world, run } = scene({ policy });
    for (const name of ['web2', 'web3', 'web4']) world.host(name).reachable = false;
    expect(results(await run())[0]).toBe('web1 switched');
    expect(world.inRotation()).toEqual(['web1']);
    expect(world.disagreements).toEqual([]);
  });

  it.each([
    ['connect', 2],
    ['stageFrom', 2],
    ['switchTo', 2],
  ] as const)('gives up when too few would serve, at %s', async (where, lost) => {
    const { world, run } = scene({ policy: { ...policy, minInRotation: 3 } });
    for (const name of ['web2', 'web3', 'web4'].slice(0, lost)) {
      if (where === 'connect') world.host(name).reachable = false;
      else world.host(name).fails(where, world.host(name).error('DISK_FULL', 'no space'));
    }
    const error = await refusal(run());
    expect(results(error).filter((one) => one.endsWith('quarantined'))).toHaveLength(lost);
  });
});

describe('Replicating, after a newer command', () => {
  const policy = { onPartialFailure: 'quarantine' } as const;

  it.each(['stage', 'switch', 'rotation'])('stops at the %s and tells nothing', async (where) => {
    const { world, run } = scene({ policy });
    const { driver } = world;
    if (where === 'stage') world.host('web3').token = 11;
    if (where === 'rotation') await world.balancer.fence('shop', 11);
    if (where === 'switch') {
      const stageFrom = driver.stageFrom.bind(driver);
      driver.stageFrom = (...args) => stageFrom(...args).finally(() => (world.host('web3').token = 11));
    }
    const code = where === 'rotation' ? 'ROTATION.FENCED' : 'STATE.FENCED';
    await expect(run()).rejects.toMatchObject({ code });
    expect(world.host('web3').live).toBe(world.old.treeId);
  });

  it('tells what it knows of an error that is not about servers', () => {
    const { work, command } = scene();
    expect(work.failed(command, new PodwayError('STATE.LAYOUT', 'no'))).toMatchObject({ servers: [] });
  });
});
