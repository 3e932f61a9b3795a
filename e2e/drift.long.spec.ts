import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DiffView, DriftView, PodDetailView, ReleaseDetailView } from '@podway/contracts';
import type { SshServer } from '@podway/testing/ssh-servers';
import { site } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { liveTree } from './support/observer.js';
import { Scene, type Pod } from './support/scene.js';

/** Servers that are no longer as they were proved, and releases as people see them. */
describe('releases, drift and healing', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ env: { PODWAY_CATCH_UP_MS: '500', PODWAY_DRIFT_POLL_MS: '200' } });
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  const drift = (pod: Pod): Promise<DriftView> => pod.publisher.call('GET', `/v1/pods/${pod.name}/drift`);

  /** Has the POD looked at now, and waits for what is found. */
  async function looked(pod: Pod, deep = false): Promise<DriftView> {
    const { id } = await pod.publisher.call<{ id: string }>('POST', `/v1/pods/${pod.name}/drift`, { deep });
    return eventually('the end of the look', async () => {
      const view = await drift(pod);
      return view.lastCheck !== undefined && view.lastCheck.id >= id && view;
    });
  }

  const live = async (server: SshServer, file: string): Promise<string> =>
    join(server.path, (await liveTree(server)) ?? '', file);
  /** A look may be under way, which leaves nothing behind. */
  const settled = (pod: Pod, tree: string, servers: readonly SshServer[] = pod.servers): Promise<boolean> =>
    eventually('a settled POD', async () => {
      await pod.settledOn(tree, servers);
      return true;
    });
  const of = (view: DriftView, name: string) => view.servers.find((server) => server.name === name);

  it('a release tells what it changed, two are compared, and a bad one is not gone back to', async () => {
    const pod = await scene.pod();
    await pod.serves('1');
    await pod.serves('2', { files: { ...site('2'), 'new.html': 'new' } });
    const path = `/v1/pods/${pod.name}`;
    const release = await pod.publisher.call<ReleaseDetailView>('GET', `${path}/releases/2`);
    expect(release).toMatchObject({ name: 'site', version: '2', kept: true });
    expect(release.difference?.tree.entries).toEqual([
      { change: 'changed', path: 'assets/style.css', what: 'content' },
      { change: 'changed', path: 'index.html', what: 'content' },
      { change: 'added', path: 'new.html' },
    ]);
    const back = await pod.publisher.call<DiffView>('GET', `${path}/diff?from=2&to=1`);
    expect(back.tree).toMatchObject({ added: 0, changed: 2, removed: 1 });
    await pod.publisher.call('POST', `${path}/releases/1/bad`, { reason: 'it leaks' });
    const body = { pod: pod.name, release: 1, reason: 'there is no other' };
    expect((await pod.publisher.raw('POST', '/v1/updates', body)).status).toBe(409);
    const forced = await pod.publisher.call<{ deploymentId: string }>('POST', '/v1/updates', {
      ...body,
      force: true,
    });
    expect(await pod.ended(forced.deploymentId)).toMatchObject({ state: 'Succeeded', release: 3 });
    expect(await pod.publisher.call('GET', `${path}/releases/3`)).toMatchObject({
      ...{ sourceRelease: 1, reason: 'there is no other', name: 'site', version: '1' },
      changes: { added: 0, changed: 2, removed: 1 },
    });
  });

  it('report: a difference is told file by file, and left as it is', async () => {
    const pod = await scene.pod();
    const id = await pod.serves('1');
    expect((await looked(pod)).servers.map(({ finding }) => finding)).toEqual([
      'in-sync',
      'in-sync',
      'in-sync',
    ]);
    await appendFile(await live(pod.server(1), 'index.html'), '<p>defaced</p>');
    await writeFile(await live(pod.server(1), 'left.php'), '<?php');
    const view = await looked(pod);
    expect(of(view, 'server-2')).toMatchObject({
      ...{ finding: 'drifted', inRotation: true },
      changes: {
        tree: {
          ...{ added: 1, changed: 1, removed: 0 },
          entries: expect.arrayContaining([
            { change: 'changed', path: 'index.html', what: 'content' },
            { change: 'added', path: 'left.php' },
          ]) as object,
        },
      },
    });
    expect(of(view, 'server-1')).toMatchObject({ finding: 'in-sync' });
    const shown = await pod.publisher.call<PodDetailView>('GET', `/v1/pods/${pod.name}`);
    expect(shown.servers.map(({ finding }) => finding)).toEqual(['in-sync', 'drifted', 'in-sync']);
    expect((await pod.publisher.deployments(pod.name)).deployments.map((one) => one.id)).toEqual([id]);
    expect(await readFile(await live(pod.server(1), 'index.html'), 'utf8')).toContain('defaced');
    // The next update makes all the same again.
    await settled(pod, await pod.serves('2'));
    expect((await looked(pod)).servers.map(({ finding }) => finding)).toEqual([
      'in-sync',
      'in-sync',
      'in-sync',
    ]);
  });

  it('heal: found by itself, put back from the release, proved, and only then serving again', async () => {
    const pod = await scene.pod({ policy: { canary: 'first', drift: { on: 'heal', everyMs: 1_000 } } });
    const good = await pod.serves('1');
    // The first server would be the canary: it must not be what the others are put back to.
    await appendFile(await live(pod.server(0), 'index.html'), '<p>defaced</p>');
    await eventually('the heal', async () => {
      const { deployments } = await pod.publisher.deployments(pod.name);
      return deployments.length === 2 && deployments[0]?.state === 'Succeeded' && deployments[0];
    });
    await settled(pod, good);
    expect(await readFile(await live(pod.server(0), 'index.html'), 'utf8')).not.toContain('defaced');
    await eventually('a POD in sync', async () =>
      (await drift(pod)).servers.every(({ finding, inRotation }) => finding === 'in-sync' && inRotation),
    );
    expect(await drift(pod)).toMatchObject({ healsInVain: 0, release: 2 });
  });

  it('a server that joins, or comes back, catches up by itself and is proved before it serves', async () => {
    const pod = await scene.pod({ servers: 2, policy: { canary: 'first', onPartialFailure: 'quarantine' } });
    const good = await pod.serves('1');
    const third = await pod.joinedBy('server-3');
    const all = [...pod.servers, third];
    await eventually('three servers in rotation', async () => {
      const { servers } = await pod.publisher.pod(pod.name);
      // It never serves before it holds the release.
      const joined = servers.find(({ name }) => name === 'server-3');
      if (joined?.inRotation) expect(await liveTree(third)).toBe(`releases/${good}`);
      return servers.every(({ inRotation }) => inRotation);
    });
    await eventually('the end of the update', async () => {
      const { deployments } = await pod.publisher.deployments(pod.name);
      return deployments.every(({ state }) => state === 'Succeeded');
    });
    await settled(pod, good, all);

    await pod.server(1).stop();
    const next = await pod.ended(await pod.publish('2'));
    expect(next, JSON.stringify(next.failure)).toMatchObject({ state: 'Succeeded' });
    expect((await pod.publisher.pod(pod.name)).servers[1]).toMatchObject({ quarantined: true });
    await pod.server(1).start();
    await eventually('the server in rotation', async () => {
      const { servers } = await pod.publisher.pod(pod.name);
      return servers[1]?.inRotation === true && !servers[1].quarantined;
    });
    await eventually('the end of the update', async () => {
      const { deployments } = await pod.publisher.deployments(pod.name);
      return deployments.every(({ state }) => state === 'Succeeded');
    });
    await settled(pod, next.id, all);
  });
});
