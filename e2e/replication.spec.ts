import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Visitors } from '../apps/podway/src/demo/visitors.js';
import { site } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { Scene, type Pod } from './support/scene.js';
import { manyFiles } from './support/slow.js';

/** Servers that cannot take a release, before and during its replication. */
describe('partial failure of replication', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  async function inRotation(pod: Pod): Promise<string[]> {
    const { servers } = await pod.publisher.pod(pod.name);
    return servers.filter((server) => server.inRotation).map((server) => server.name);
  }

  it('rollback-all: a server that is away before it puts all back', async () => {
    const pod = await scene.pod();
    const good = await pod.serves('1');
    await pod.server(2).stop();
    const view = await pod.ended(await pod.publish('2'));
    expect(view).toMatchObject({
      state: 'RolledBack',
      failure: { step: 'Replicating', code: 'HOST.UNREACHABLE' },
    });
    // The other two serve the old release; the absent one is marked, and comes back with the next release.
    await pod.settledOn(good, pod.servers.slice(0, 2));
    await pod.server(2).start();
    await pod.settledOn(await pod.serves('3'));
  });

  it('quarantine: the rest goes on; the absent server catches up before it serves again', async () => {
    const pod = await scene.pod({ servers: 4, policy: { canary: 'first', onPartialFailure: 'quarantine' } });
    await pod.serves('1');
    await pod.server(3).stop();
    const second = await pod.serves('2');
    await pod.settledOn(second, pod.servers.slice(0, 3));
    expect(await inRotation(pod)).toEqual(['server-1', 'server-2', 'server-3']);
    const shown = await pod.publisher.pod(pod.name);
    expect(shown.servers[3]).toMatchObject({ name: 'server-4', quarantined: true, inRotation: false });
    await pod.server(3).start();
    // Back, but on the old release: it must not serve.
    expect(await inRotation(pod)).toEqual(['server-1', 'server-2', 'server-3']);
    await pod.settledOn(await pod.serves('3'));
  });

  it('in a POD of two: the one left serves all, and the other catches up without an access that fails', async () => {
    const pod = await scene.pod({ servers: 2, policy: { canary: 'first', onPartialFailure: 'quarantine' } });
    await pod.serves('1');
    await pod.server(1).stop();
    const second = await pod.serves('2');
    expect(await inRotation(pod)).toEqual(['server-1']);
    await pod.server(1).start();
    const visitors = new Visitors({
      url: scene.fleet.accessUrl,
      host: `${pod.name}.test`,
      paths: ['/'],
      count: 2,
      brokenText: 'version 1',
    });
    const back = await pod.ended(await pod.publisher.goBack(pod.name, 2));
    const accesses = await visitors.stop();
    expect(back, JSON.stringify(back.failure)).toMatchObject({ state: 'Succeeded' });
    expect(accesses, visitors.problems.join('\n')).toMatchObject({ failed: 0, brokenSeen: 0 });
    await pod.settledOn(second);
  });

  it('quarantine gives way to a roll-back when too few would be left', async () => {
    const pod = await scene.pod({
      policy: { canary: 'first', onPartialFailure: 'quarantine', minInRotation: 2 },
    });
    const good = await pod.serves('1');
    await pod.server(1).stop();
    await pod.server(2).stop();
    const view = await pod.ended(await pod.publish('2'));
    expect(view).toMatchObject({ state: 'RolledBack', failure: { step: 'Replicating' } });
    await pod.settledOn(good, [pod.server(0)]);
  });

  it.each(['rollback-all', 'quarantine'] as const)(
    '%s: a server that is lost in mid-replication',
    async (policy) => {
      const pod = await scene.pod({ policy: { canary: 'first', onPartialFailure: policy } });
      const good = await pod.serves('1', { files: { ...site('1'), ...manyFiles('1', 3_000) } });
      const id = await pod.publish('2', { files: { ...site('2'), ...manyFiles('2', 3_000) } });
      await pod.publisher.reached(id, 'Replicating');
      await pod.server(2).stop();
      const view = await pod.ended(id);
      const rest = pod.servers.slice(0, 2);
      if (policy === 'quarantine') {
        expect(view, JSON.stringify(view.failure)).toMatchObject({
          state: 'Succeeded',
          quarantined: ['server-3'],
        });
        await pod.settledOn(id, rest);
      } else {
        expect(view.state).toBe('RolledBack');
        await pod.settledOn(good, rest);
      }
      expect(await inRotation(pod)).toEqual(['server-1', 'server-2']);
      await pod.server(2).start();
      const third = await pod.serves('3');
      await pod.settledOn(third);
    },
  );

  it('a server that joins the POD catches up with the next release, and serves from then on', async () => {
    const pod = await scene.pod({ servers: 2 });
    await pod.serves('1');
    const third = await pod.joinedBy('server-3');
    expect(await inRotation(pod)).toEqual(['server-1', 'server-2']);
    // The current release once more is enough.
    const back = await pod.ended(await pod.publisher.goBack(pod.name, 1));
    expect(back, JSON.stringify(back.failure)).toMatchObject({ state: 'Succeeded' });
    expect(await inRotation(pod)).toEqual(['server-1', 'server-2', 'server-3']);
    await pod.settledOn(await pod.serves('2'), [...pod.servers, third]);
  });

  it('frozen servers are waited for no longer than allowed', async () => {
    const pod = await scene.pod({ policy: { canary: 'first', onPartialFailure: 'quarantine' } });
    await pod.serves('1');
    await pod.server(2).freeze();
    try {
      const id = await pod.publish('2');
      await pod.settledOn((await pod.ended(id)).id, pod.servers.slice(0, 2));
    } finally {
      await pod.server(2).thaw();
    }
    await eventually(
      'a good third release',
      async () => (await pod.ended(await pod.publish('3'))).state === 'Succeeded',
    );
    await pod.settledOn((await pod.publisher.deployments(pod.name)).deployments[0]!.id);
  });
});
