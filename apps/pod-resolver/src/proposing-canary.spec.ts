import { ProposeCanary, type PolicySpec } from '@podway/contracts';
import { StepWorld } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { ProposingCanary } from './proposing-canary.js';

function scene(policy: PolicySpec, { last, drifted = [] }: { last?: string; drifted?: string[] } = {}) {
  const world = new StepWorld({ policy });
  const deployments = {
    releases: async () => [{ treeId: world.old.treeId }],
    serverStatus: async () => drifted.map((server) => ({ server, driftedSince: new Date() })),
    lastCanary: async () => last,
  };
  const answers: unknown[] = [];
  const work = new ProposingCanary(deployments as never, world.servers, world.driver, world.balancer, {
    answer: async (id, answer) => void answers.push([id, answer]),
  });
  const command = Object.assign(new ProposeCanary(), {
    ...{ lookId: 'L', client: 'acme', pod: 'shop', podRevision: 1 },
  });
  return { world, answers, look: () => work.look(command) };
}

describe('ProposingCanary', () => {
  it('says which one it would be, and changes nothing', async () => {
    const { world, answers, look } = scene({});
    for (const name of ['web1', 'web3']) world.host(name).load1 = 1;
    await look();
    expect(answers).toEqual([['L', { answer: { canary: 'web2' } }]]);
    expect(world.journal.filter((entry) => !/^(fresh|closed) /.test(entry))).toEqual([]);
  });

  it('by the policy of the POD, and what is known of its servers', async () => {
    const turn = scene({ canary: 'round-robin' }, { last: 'web2' });
    await turn.look();
    expect(turn.answers).toEqual([['L', { answer: { canary: 'web3' } }]]);
    const first = scene({ canary: 'first' }, { drifted: ['web1'] });
    await first.look();
    expect(first.answers).toEqual([['L', { answer: { canary: 'web2' } }]]);
    const busy = scene({ loadFrom: 'accesses' });
    busy.world.balancer.counts.set('web1', 4).set('web2', 1).set('web3', 2);
    await busy.look();
    expect(busy.answers).toEqual([['L', { answer: { canary: 'web2' } }]]);
  });

  it('also before a first deployment, when servers have nothing of Podway', async () => {
    const { world, answers, look } = scene({ canary: 'first' });
    for (const name of ['web1', 'web2', 'web3'])
      world.host(name).fails('inspect', world.host(name).error('NOT_PREPARED', 'nothing there'));
    await look();
    // There is a release, and nobody is on it.
    expect(answers).toMatchObject([['L', { code: 'CANARY.NONE_FIT' }]]);
  });

  it('says why there is none', async () => {
    const { world, answers, look } = scene({});
    for (const host of world.hosts.values()) host.reachable = false;
    await look();
    expect(answers).toMatchObject([['L', { code: 'CANARY.NONE_FIT' }]]);
  });
});
