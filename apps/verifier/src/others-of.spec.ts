import { StepWorld } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { othersOf } from './others-of.js';

function scene(regions: Record<string, string> = {}, servers = 4) {
  const names = Array.from({ length: servers }, (_, index) => `web${index + 1}`);
  const world = new StepWorld({
    servers,
    pod: {
      servers: names.map((name) => ({
        ...{ name, local: true, http: `http://${name}.invalid` },
        ...(regions[name] ? { region: regions[name] } : {}),
      })),
    },
  });
  world.installedOn('web1');
  const others = async (): Promise<string[]> => {
    const found = await othersOf(world.pod, { server: 'web1', treeId: world.new.treeId }, world);
    return found.map(({ name }) => name);
  };
  return { world, others };
}

describe('servers to compare the canary with', () => {
  it('are those in rotation that are on an older release and can be looked at', async () => {
    const { world, others } = scene({}, 6);
    world.balancer.out.add('web2');
    world.switchedOn('web3');
    world.host('web4').live = undefined;
    world.host('web5').reachable = false;
    expect(await others()).toEqual(['web6']);
  });

  it("are those of the canary's region, where there are some", async () => {
    const regions = { web1: 'eu', web2: 'us', web3: 'eu', web4: 'eu' };
    const { world, others } = scene(regions);
    expect(await others()).toEqual(['web3', 'web4']);
    for (const name of ['web3', 'web4']) world.balancer.out.add(name);
    expect(await others()).toEqual(['web2']);
  });

  it('are ten at most', async () => {
    expect(await scene({}, 30).others()).toHaveLength(10);
  });

  it('are none in a POD of one', async () => {
    expect(await scene({}, 1).others()).toEqual([]);
  });
});
