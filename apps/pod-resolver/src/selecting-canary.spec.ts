import { SelectCanary, type PolicySpec, type StepOutcome } from '@podway/contracts';
import type { DeploymentReader, Inventory } from '@podway/persistence';
import { StepWorld } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { SelectingCanary } from './selecting-canary.js';

/** A POD of three on one release; `last` was the canary of its last deployment, `goesTo` is the tree of this one. */
function scene(
  policy: PolicySpec,
  { last, goesTo, drifted = [] }: { last?: string; goesTo?: string; drifted?: string[] } = {},
) {
  const world = new StepWorld({ policy });
  const inventory: Pick<Inventory, 'current'> = { current: async () => ({ spec: world.pod, revision: 4 }) };
  const asked: string[][] = [];
  const deployments: Partial<Record<keyof DeploymentReader, unknown>> = {
    releases: async () => [{ treeId: world.old.treeId }],
    byId: async () => ({ data: { source: { treeId: goesTo } } }),
    serverStatus: async () => drifted.map((server) => ({ server, driftedSince: new Date() })),
    lastCanary: async (...args: string[]) => (asked.push(args), last),
  };
  const { servers, driver, balancer } = world;
  const reader = deployments as unknown as DeploymentReader;
  const work = new SelectingCanary(inventory as Inventory, reader, servers, driver, balancer);
  const command = world.command(SelectCanary, { step: 'SelectingCanary' });
  const run = (): Promise<StepOutcome> => work.execute(command, world.context(command));
  return { world, asked, run };
}

describe('SelectingCanary', () => {
  it('reads the load from the servers', async () => {
    const { world, run } = scene({});
    for (const name of ['web1', 'web3']) world.host(name).load1 = 1;
    world.balancer.counts.set('web2', 50);
    expect(await run()).toMatchObject({ canary: 'web2', replicas: ['web1', 'web3'], podRevision: 4 });
  });

  it('tells when the installers are to run on each server', async () => {
    expect(await scene({ promotion: 'install' }).run()).toMatchObject({ promotion: 'install' });
    expect(await scene({ promotion: 'replicate' }).run()).not.toHaveProperty('promotion');
  });

  it('or from the accesses that run; a server without any has none', async () => {
    const { world, run } = scene({ loadFrom: 'accesses', busyLimit: 3 });
    world.host('web3').load1 = 99;
    world.balancer.counts.set('web1', 4).set('web2', 1);
    expect(await run()).toMatchObject({ canary: 'web3' });
    world.host('web3').reachable = false;
    expect(await run()).toMatchObject({ canary: 'web2' });
    world.balancer.counts.set('web2', 5);
    await expect(run()).rejects.toMatchObject({ code: 'CANARY.ALL_BUSY', retryable: true });
  });

  it('takes turns after the last deployment of the POD, this one not counted', async () => {
    const { world, asked, run } = scene({ canary: 'round-robin' }, { last: 'web2' });
    expect(await run()).toMatchObject({ canary: 'web3', replicas: ['web1', 'web2'] });
    expect(asked).toEqual([['shop', world.deploymentId]]);
  });

  it('goes back only on a server that keeps the release', async () => {
    const goesTo = '01JWZ8F3T4B6D8H0J2M4N6Q8S1';
    const { world, run } = scene({ canary: 'first' }, { goesTo });
    await expect(run()).rejects.toThrow('web1: web1 does not keep the release');
    world.host('web3').trees.add(goesTo);
    expect(await run()).toMatchObject({ canary: 'web3' });
  });

  it('takes none that has drifted: the others are put back to what it holds', async () => {
    const policy = { canary: 'first' } as const;
    expect(await scene(policy, { drifted: ['web1', 'web2'] }).run()).toMatchObject({ canary: 'web3' });
    // Where all have, a new update is the way out.
    const all = scene(policy, { drifted: ['web1', 'web2', 'web3'] });
    expect(await all.run()).toMatchObject({ canary: 'web1' });
  });

  it('refuses no way back because of the load that it may cure', async () => {
    const goesTo = '01JWZ8F3T4B6D8H0J2M4N6Q8S1';
    const { world, run } = scene({ busyLimit: 0.1 }, { goesTo });
    for (const host of world.hosts.values()) host.trees.add(goesTo);
    for (const name of ['web1', 'web2', 'web3']) world.host(name).load1 = 8;
    world.host('web2').load1 = 7;
    expect(await run()).toMatchObject({ canary: 'web2' });
  });
});
