import { describe, expect, it } from 'vitest';
import { StepWorld } from '@podway/testing/steps';

describe('PodServers', () => {
  it('connects to a server of the POD, prepared, with its own folder', async () => {
    const world = new StepWorld({ servers: 2 });
    world.pod.servers[1]!.path = '/data/shop';
    expect(await world.servers.connect(world.pod, 'web1')).toMatchObject({ name: 'web1', path: '/srv/shop' });
    expect(await world.servers.connect(world.pod, 'web2')).toMatchObject({ path: '/data/shop' });
    const { error } = { error: world.host('web1').error('DISK_FULL', 'no space') };
    world.host('web1').fails('prepare', error);
    await expect(world.servers.connect(world.pod, 'web1')).rejects.toBe(error);
  });

  it.each([
    ['several servers', 2, {}, undefined],
    ['one server', 1, {}, 'open'],
    ['several servers, fenced', 2, { fenceWrites: true }, 'fenced'],
    ['one server, fenced', 1, { fenceWrites: true }, 'fenced'],
  ] as const)('tells whether users write meanwhile: %s', async (_, servers, policy, writes) => {
    const world = new StepWorld({ servers, policy });
    expect((await world.servers.connect(world.pod, 'web1')).writes).toBe(writes);
  });

  it('does not prepare over a fresh connection: that is for last words only', async () => {
    const world = new StepWorld();
    world.host('web1').fails('prepare', world.host('web1').error('DISK_FULL', 'no space'));
    const server = await world.servers.connectAfresh(world.pod, 'web1');
    await server.session.close();
    expect(world.journal).toEqual(['fresh web1', 'closed web1']);
  });

  it('tells servers that it cannot have from those that it has', async () => {
    const world = new StepWorld();
    world.host('web2').reachable = false;
    const { servers, failures } = await world.servers.connectAll(world.pod, ['web1', 'web2', 'nobody']);
    expect(servers.map(({ name }) => name)).toEqual(['web1']);
    expect([...failures].map(([name, { code }]) => [name, code])).toEqual([
      ['nobody', 'INVENTORY.UNKNOWN_SERVER'],
      ['web2', 'HOST.UNREACHABLE'],
    ]);
  });

  it('does not take a bug for a server that is away', async () => {
    const world = new StepWorld();
    world.driver.prepare = () => Promise.reject(new TypeError('a bug'));
    await expect(world.servers.connectAll(world.pod, ['web1'])).rejects.toThrow('a bug');
  });
});
