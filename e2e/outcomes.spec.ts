import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { services, type OperationsView, type ServiceName } from '@podway/contracts';
import { Observer } from './support/observer.js';
import { Scene } from './support/scene.js';

/** What becomes of updates when nothing of ours breaks. */
describe('outcomes of updates', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  it('a good update reaches every server, and visitors see it', async () => {
    const pod = await scene.pod({ servers: 4 });
    const first = await pod.serves('1');
    await pod.settledOn(first);
    const second = await pod.serves('2');
    await pod.settledOn(second);
    expect(await pod.visit()).toMatchObject({
      status: 200,
      text: expect.stringContaining('version 2') as string,
    });
    const { releases } = await pod.publisher.releases(pod.name);
    expect(releases.map((release) => release.number)).toEqual([2, 1]);
    expect(new Set(releases.map((release) => release.fingerprint)).size).toBe(2);
  });

  it('the service tells how it fares: every worker, queue and stage', async () => {
    const seen = await scene.admin.call<OperationsView>('GET', '/v1/operations');
    const workers = ['auth', 'installer-agent', 'pod-resolver', 'replicator', 'snapshotter', 'verifier'];
    expect([...new Set(seen.workers.map(({ service }) => service))]).toEqual(workers);
    expect(seen).toMatchObject({ gateways: 1, deadLetters: 0 });
    expect(seen.queues?.map(({ queue }) => queue)).toContain('podway.saga-coordinator.outcomes');
    expect(seen.stages.find(({ stage }) => stage === 'Replicating')).toMatchObject({ now: 0, left: 2 });
  });

  it('broken content is rolled back on the canary; the other servers are never touched', async () => {
    const pod = await scene.pod();
    const good = await pod.serves('1');
    const before = await pod.hashes();
    const observer = new Observer(pod.servers, 5);
    const id = await pod.publish('2', { files: { 'index.html': 'broken', 'health.txt': 'Fatal error' } });
    const view = await pod.ended(id);
    await observer.stop();
    expect(view.state).toBe('RolledBack');
    expect(view.failure).toMatchObject({ code: 'VERIFICATION.FAILED', step: 'Verifying' });
    await pod.settledOn(good);
    expect(await pod.hashes()).toEqual(before);
    for (const server of pod.servers.slice(1))
      expect(observer.seen.get(server.name)).toEqual([`releases/${good}`]);
  });

  it('an installer that fails half-way leaves nothing behind', async () => {
    const pod = await scene.pod();
    const good = await pod.serves('1');
    const before = await pod.hashes();
    const id = await pod.publish('2', {
      components: [{ name: 'setup', installer: 'script', run: ['./setup.sh'] }],
      scripts: {
        'setup.sh': '#!/bin/sh\necho half > half-done.txt\necho "no space for the cache" >&2\nexit 3\n',
      },
    });
    const view = await pod.ended(id);
    expect(view.state).toBe('RolledBack');
    expect(view.failure).toMatchObject({ step: 'Installing', code: 'INSTALL.SCRIPT_FAILED' });
    expect(view.failure?.detail).toContain('no space for the cache');
    await pod.settledOn(good);
    expect(await pod.hashes()).toEqual(before);
  });

  it('a script that succeeds runs once, and only on the canary', async () => {
    const pod = await scene.pod();
    await pod.serves('1');
    const journal = `${pod.group.root}/journal`;
    const id = await pod.serves('2', {
      components: [{ name: 'setup', installer: 'script', run: ['./setup.sh', journal] }],
      scripts: {
        'setup.sh': '#!/bin/sh\necho "$PODWAY_DEPLOYMENT_ID $PODWAY_SERVER" >> "$1"\necho made > made.txt\n',
      },
    });
    await pod.settledOn(id);
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(journal, 'utf8')).toBe(`${id} server-1\n`);
    expect(await pod.visit('/made.txt')).toEqual({ status: 200, text: 'made\n' });
  });

  it('a verification that cannot tell is treated as failed', async () => {
    const pod = await scene.pod();
    const good = await pod.serves('1');
    const id = await pod.publish('2', {
      checks: [{ probe: 'command', run: ['/nonexistent/probe'], tries: 1 }],
    });
    const view = await pod.ended(id);
    expect(view).toMatchObject({ state: 'RolledBack', failure: { code: 'VERIFICATION.ERROR' } });
    await pod.settledOn(good);
  });

  it('a POD of one server works too', async () => {
    const pod = await scene.pod({ servers: 1 });
    const good = await pod.serves('1');
    await pod.settledOn(good);
    const id = await pod.publish('2', { files: { 'index.html': 'broken', 'health.txt': 'Fatal error' } });
    expect(await pod.ended(id)).toMatchObject({ state: 'RolledBack' });
    await pod.settledOn(good);
    await pod.settledOn(await pod.serves('3'));
  });

  it('two updates queued on one POD go one after the other', async () => {
    const pod = await scene.pod();
    await pod.serves('1');
    const [second, third] = [await pod.publish('2'), await pod.publish('3')];
    const views = [await pod.ended(second), await pod.ended(third)];
    expect(views.map((view) => view.state)).toEqual(['Succeeded', 'Succeeded']);
    expect(
      Date.parse(views[1]!.stages.find((stage) => stage.state === 'SelectingCanary')!.startedAt),
    ).toBeGreaterThanOrEqual(Date.parse(views[0]!.finishedAt!));
    await pod.settledOn(third);
  });

  it('the same update published twice is one update', async () => {
    const pod = await scene.pod();
    const bundle = await pod.bundle('1');
    const headers = { 'idempotency-key': 'release-1' };
    const ids = await Promise.all([1, 2, 3].map(() => pod.publisher.publish(bundle, pod.name, headers)));
    expect(new Set(ids).size).toBe(1);
    expect(await pod.ended(ids[0]!)).toMatchObject({ state: 'Succeeded' });
    const { deployments } = await pod.publisher.deployments(pod.name);
    expect(deployments).toHaveLength(1);
  });

  it('goes back to an earlier release without installing again', async () => {
    const pod = await scene.pod();
    const first = await pod.serves('1');
    const hashes = await pod.hashes();
    await pod.serves('2');
    await pod.serves('3');
    const back = await pod.ended(await pod.publisher.goBack(pod.name, 1));
    expect(back, JSON.stringify(back.failure)).toMatchObject({ state: 'Succeeded', release: 4 });
    await pod.settledOn(first);
    expect(await pod.hashes()).toEqual(hashes);
    const [newest] = (await pod.publisher.releases(pod.name)).releases;
    expect(newest).toMatchObject({ number: 4, sourceRelease: 1, current: true });
    // Without a number: the release before the current one. What was gone back to counts as itself.
    await pod.serves('5');
    expect(await pod.ended(await pod.publisher.goBack(pod.name))).toMatchObject({
      state: 'Succeeded',
      release: 6,
    });
    await pod.settledOn(first);
  });

  it('shared folders stay through releases and are never part of them', async () => {
    const { writeFile, readFile } = await import('node:fs/promises');
    const pod = await scene.pod({ state: { shared: ['uploads/'] } });
    await pod.serves('1');
    await writeFile(`${pod.server(1).path}/shared/uploads/photo.txt`, 'a visitor made this');
    const second = await pod.serves('2');
    expect(await readFile(`${pod.server(1).path}/current/uploads/photo.txt`, 'utf8')).toBe(
      'a visitor made this',
    );
    const { servers } = await pod.publisher.deployment(second);
    expect(new Set(servers.map((server) => server.fingerprint)).size).toBe(1);
  });

  it('each process of the fleet has counted its part of all that', async () => {
    const told = await Promise.all(
      scene.fleet.processes.map(async ({ healthAddress, options: { service } }) => ({
        service,
        text: await (await fetch(`http://${healthAddress}/metrics`)).text(),
      })),
    );
    expect(new Set(told.map(({ service }) => service))).toEqual(new Set(services));
    const has = (of: ServiceName, metric: string): void =>
      expect(
        told.some(
          ({ service, text }) => service === of && new RegExp(`^${metric}\\{.*[1-9]`, 'm').test(text),
        ),
        `${metric} of ${of}`,
      ).toBe(true);
    has('saga-coordinator', 'podway_deployments_total');
    has('saga-coordinator', 'podway_stage_duration_seconds_count');
    has('ingress-gateway', 'podway_http_requests_total');
    has('ingress-gateway', 'podway_accesses_total');
    has('ingress-gateway', 'podway_messages_published_total');
    for (const worker of services.filter((name) => !/gateway|coordinator/.test(name))) {
      has(worker, 'podway_step_duration_seconds_count');
      has(worker, 'podway_messages_handled_total');
    }
    for (const { service, text } of told) {
      const labels = [...text.matchAll(/^podway_\w+\{service="([^"]+)"/gm)].map(([, name]) => name);
      expect(new Set(labels), service).toEqual(new Set([service]));
    }
  });
});
