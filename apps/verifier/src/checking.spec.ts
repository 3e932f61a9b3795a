import { CheckPod, type PodSpec } from '@podway/contracts';
import { StepWorld } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { Checking } from './checking.js';

function scene() {
  const world = new StepWorld();
  const asked: { pod: string; revision: number }[] = [];
  const revision = async (pod: string, number: number): Promise<PodSpec | undefined> => {
    asked.push({ pod, revision: number });
    return world.pod;
  };
  const work = new Checking(world.servers, world.driver, { revision } as never);
  const command = Object.assign(new CheckPod(), {
    ...{ lookId: world.deploymentId, client: 'acme', pod: 'shop', podRevision: 2, stateRevision: 1 },
    ...{ expected: { release: 4, ...world.old }, deep: false },
  });
  return { world, asked, look: () => work.look(command) };
}

describe('Checking', () => {
  it('finds servers that are as they were proved, and changes nothing', async () => {
    const { world, asked, look } = scene();
    const { fingerprint } = world.old;
    expect(await look()).toEqual({
      ...{ lookId: world.deploymentId, pod: 'shop', release: 4 },
      servers: ['web1', 'web2', 'web3'].map((name) => ({ name, finding: 'in-sync', fingerprint })),
    });
    // What counts of the state is what counted when the release was made.
    expect(asked).toEqual([{ pod: 'shop', revision: 1 }]);
    expect(world.journal).toEqual([]);
  });

  it('tells each server by itself: changed, on another state, away, not to be told', async () => {
    const { world, look } = scene();
    world.host('web1').edited = ['index.html'];
    world.host('web2').live = undefined;
    world.host('web3').reachable = false;
    const { servers } = await look();
    expect(servers[0]).toMatchObject({
      ...{ name: 'web1', finding: 'drifted' },
      changes: { tree: { changed: 1, entries: [{ path: 'index.html' }] } },
    });
    expect(servers[0]?.fingerprint).not.toBe(world.old.fingerprint);
    expect(servers[0]).not.toHaveProperty('treeId');
    expect(servers[1]).toMatchObject({ name: 'web2', finding: 'drifted' });
    expect(servers[2]).toMatchObject({ name: 'web3', finding: 'unreachable', code: 'HOST.UNREACHABLE' });
    world.host('web1').fails('check', world.host('web1').error('NAME_REFUSED', 'a newline'));
    world.host('web2').live = world.new.treeId;
    const again = await look();
    expect(again.servers[0]).toMatchObject({ finding: 'unknown', code: 'STATE.NAME_REFUSED' });
    expect(again.servers[1]).toMatchObject({ finding: 'drifted', treeId: world.new.treeId });
  });
});
