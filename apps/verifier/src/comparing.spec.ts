import { CompareReleases } from '@podway/contracts';
import type { Comparisons } from '@podway/persistence';
import { StepWorld } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { Comparing } from './comparing.js';

function scene() {
  const world = new StepWorld();
  const answers: unknown[] = [];
  const comparisons: Pick<Comparisons, 'answer'> = {
    answer: async (id, answer) => void answers.push([id, answer]),
  };
  for (const host of world.hosts.values()) host.trees.add(world.new.treeId);
  const work = new Comparing(world.servers, world.driver, world.balancer, comparisons);
  const command = Object.assign(new CompareReleases(), {
    ...{ lookId: 'L', client: 'acme', pod: 'shop', podRevision: 1, limit: 10 },
    ...{ from: { release: 1, ...world.old }, to: { release: 2, ...world.new } },
  });
  return { world, answers, look: () => work.look(command) };
}

const tree = { added: 0, changed: 1, removed: 0, more: false };

describe('Comparing', () => {
  it('asks a server that serves', async () => {
    const { world, answers, look } = scene();
    world.balancer.out.add('web1');
    await look();
    expect(answers).toMatchObject([['L', { answer: { server: 'web2', tree } }]]);
  });

  it('asks the next one where a server is away, or has lost one of the two', async () => {
    const { world, answers, look } = scene();
    world.host('web1').reachable = false;
    world.host('web2').trees.delete(world.new.treeId);
    await look();
    expect(answers).toMatchObject([['L', { answer: { server: 'web3', tree } }]]);
  });

  it('says why nobody could tell', async () => {
    const { world, answers, look } = scene();
    for (const host of world.hosts.values()) host.trees.delete(world.old.treeId);
    await look();
    expect(answers).toMatchObject([['L', { code: 'STATE.TREE_MISSING' }]]);
  });
});
