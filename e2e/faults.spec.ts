import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentState, LogLine, ServiceName } from '@podway/contracts';
import { Podway } from '@podway/sdk';
import { Visitors } from '../apps/podway/src/demo/visitors.js';
import { site } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { Observer } from './support/observer.js';
import { Scene, type Pod } from './support/scene.js';
import { manyFiles, slowCheck, slowInstall } from './support/slow.js';

const SECRET = 'correct-horse-battery';

/** Parts of ours die in the middle of a deployment. The promise holds all the same, and nothing is applied twice. */
describe('faults', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ env: { PODWAY_SECRET_E2E: SECRET } });
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  /** Every server was on the old tree or on the new one, at every look, and went over at most once. */
  function sawOnly(observer: Observer, pod: Pod, old: string, fresh: string): void {
    for (const server of pod.servers) {
      const seen = observer.seen.get(server.name) ?? [];
      expect([[`releases/${old}`], [`releases/${old}`, `releases/${fresh}`]], server.name).toContainEqual(
        seen,
      );
    }
  }

  function visitors(pod: Pod): Visitors {
    return new Visitors({
      url: scene.fleet.accessUrl,
      host: `${pod.name}.test`,
      paths: ['/', '/health.txt'],
      count: 2,
      brokenText: 'Fatal error',
    });
  }

  /** Holds the command when it is killed: it was delivered, and nothing was done yet. */
  const holding: [ServiceName, DeploymentState][] = [
    ['auth', 'Authenticating'],
    ['pod-resolver', 'Resolving'],
    ['snapshotter', 'Snapshotting'],
    ['installer-agent', 'Installing'],
    ['verifier', 'Verifying'],
    ['replicator', 'Replicating'],
  ];

  it.each(holding)('kill -9 of %s with its command in hand', async (service, state) => {
    const pod = await scene.pod();
    const old = await pod.serves('1');
    const observer = new Observer(pod.servers);
    const visiting = visitors(pod);
    const [victim] = scene.fleet.of(service);
    victim!.pause(true);
    const id = await pod.publish('2');
    await pod.publisher.reached(id, state);
    await sleep(200);
    await victim!.end('SIGKILL');
    await victim!.start();
    const view = await pod.ended(id);
    await observer.stop();
    const accesses = await visiting.stop();
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(id);
    sawOnly(observer, pod, old, id);
    expect(accesses, visiting.problems.join('\n')).toMatchObject({ failed: 0 });
  });

  it('kill -9 of snapshotter with a roll-back in hand', async () => {
    const pod = await scene.pod();
    const old = await pod.serves('1');
    const [victim] = scene.fleet.of('snapshotter');
    const id = await pod.publish('2', { files: { 'index.html': 'x', 'health.txt': 'Fatal error' } });
    await pod.publisher.reached(id, 'Verifying');
    victim!.pause(true);
    await pod.publisher.reached(id, 'RollingBack');
    await sleep(200);
    await victim!.end('SIGKILL');
    await victim!.start();
    expect(await pod.ended(id)).toMatchObject({ state: 'RolledBack' });
    await pod.settledOn(old);
  });

  /** Every line of the deployment's log, as somebody sees it who follows it from the beginning. */
  async function followed(pod: Pod, id: string): Promise<LogLine[]> {
    const podway = new Podway({ url: scene.fleet.apiUrl, key: pod.publisher.key });
    const lines: LogLine[] = [];
    for await (const line of podway.followLogs(id)) lines.push(line);
    expect((await podway.logs(id, { limit: 2_000 })).lines).toEqual(lines);
    expect(lines.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1));
    return lines;
  }

  it('kill -9 of installer-agent and gateway while a script runs: it runs once, and its log is whole', async () => {
    const pod = await scene.pod({ variables: { password: { env: 'PODWAY_SECRET_E2E' } } });
    await pod.serves('1');
    const journal = `${pod.group.root}/journal`;
    const say = 'i=$((i + 1)); echo "line $i: $PODWAY_VAR_PASSWORD"; sleep 0.1';
    const loop = `i=0; while [ $i -lt 40 ]; do ${say}; done`;
    const id = await pod.publish('2', {
      variables: [{ name: 'password', secret: true }],
      components: [{ name: 'slow', installer: 'script', run: ['./slow.sh', journal] }],
      scripts: {
        'slow.sh': `#!/bin/sh\necho begun >> "$1"\n${loop}\necho ended >> "$1"\necho ok > made.txt\n`,
      },
    });
    const following = followed(pod, id);
    await eventually('the script to begin', async () => (await readFile(journal, 'utf8')).includes('begun'));
    // It has said something that is kept, and has more to say.
    await sleep(1_000);
    const victims = [...scene.fleet.of('installer-agent'), ...scene.fleet.of('ingress-gateway')];
    await Promise.all(victims.map((one) => one.end('SIGKILL')));
    await Promise.all(victims.map((one) => one.start()));
    const view = await pod.ended(id);
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    expect(await readFile(journal, 'utf8')).toBe('begun\nended\n');
    await pod.settledOn(id);
    const lines = await following;
    const of = (part: string): LogLine[] => lines.filter((line) => line.part === part);
    const printed = of('slow').filter(({ run }) => run === 0);
    expect(printed.map(({ text }) => text)).toEqual(
      Array.from({ length: 40 }, (_, index) => `line ${index + 1}: [secret]`),
    );
    expect(JSON.stringify(lines)).not.toContain('horse');
    // Both agents say that they were at it; only the second saw its end.
    const agents = of('slow').filter(({ run }) => run !== 0);
    expect(agents.map(({ text }) => text)).toEqual(['installing slow', 'installing slow', 'installed slow']);
    expect(
      of('state')
        .map(({ server }) => server)
        .sort(),
    ).toEqual(pod.servers.map(({ name }) => name));
    expect(of('http GET /health.txt').map(({ step }) => step)).toContain('Verifying');
  });

  it('kill -9 of verifier while its probes run', async () => {
    const pod = await scene.pod();
    const old = await pod.serves('1');
    const observer = new Observer(pod.servers);
    const id = await pod.publish('2', slowCheck(2));
    await pod.publisher.reached(id, 'Verifying');
    await sleep(500);
    const [victim] = scene.fleet.of('verifier');
    await victim!.end('SIGKILL');
    await victim!.start();
    expect(await pod.ended(id)).toMatchObject({ state: 'Succeeded' });
    await observer.stop();
    await pod.settledOn(id);
    sawOnly(observer, pod, old, id);
  });

  it('kill -9 of replicator while it replicates', async () => {
    const pod = await scene.pod();
    const old = await pod.serves('1', { files: { ...site('1'), ...manyFiles('1', 2_000) } });
    const observer = new Observer(pod.servers);
    const visiting = visitors(pod);
    const id = await pod.publish('2', { files: { ...site('2'), ...manyFiles('2', 2_000) } });
    await pod.publisher.reached(id, 'Replicating');
    const [victim] = scene.fleet.of('replicator');
    await sleep(150);
    await victim!.end('SIGKILL');
    await victim!.start();
    const view = await pod.ended(id);
    await observer.stop();
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(id);
    sawOnly(observer, pod, old, id);
    expect(await visiting.stop(), visiting.problems.join('\n')).toMatchObject({ failed: 0 });
  });

  it.each(['saga-coordinator', 'ingress-gateway'] as const)(
    'kill -9 of %s in mid-deployment',
    async (service) => {
      const pod = await scene.pod();
      const old = await pod.serves('1');
      const observer = new Observer(pod.servers);
      const id = await pod.publish('2', slowInstall(2));
      await pod.publisher.reached(id, 'Installing');
      const [victim] = scene.fleet.of(service);
      await victim!.end('SIGKILL');
      await sleep(1_000);
      await victim!.start();
      const view = await pod.ended(id);
      await observer.stop();
      expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
      await pod.settledOn(id);
      sawOnly(observer, pod, old, id);
    },
  );

  it('an agent that was stopped in time, and wakes after the roll-back, changes nothing', async () => {
    const pod = await scene.pod();
    const old = await pod.serves('1');
    const before = await pod.hashes();
    const [agent] = scene.fleet.of('installer-agent');
    const id = await pod.publish('2', slowInstall(2));
    await eventually('the script to run', async () => (await pod.server(0).commands()).length > 1);
    agent!.pause(true);
    await pod.publisher.abort(id);
    expect(await pod.ended(id)).toMatchObject({ state: 'Aborted' });
    agent!.pause(false);
    await sleep(3_000);
    await pod.settledOn(old);
    expect(await pod.hashes()).toEqual(before);
  });

  const middles: ['RabbitMQ' | 'Postgres', DeploymentState, Parameters<Pod['publish']>[1]][] = [
    ['RabbitMQ', 'Installing', slowInstall(3)],
    ['RabbitMQ', 'Verifying', slowCheck(3)],
    ['Postgres', 'Installing', slowInstall(3)],
    ['Postgres', 'Verifying', slowCheck(3)],
  ];

  it.each(middles)('%s is killed in %s and comes back', async (victim, state, parts) => {
    const server = victim === 'RabbitMQ' ? scene.fleet.rabbit! : scene.fleet.postgres!;
    const pod = await scene.pod();
    const old = await pod.serves('1');
    const observer = new Observer(pod.servers);
    const visiting = visitors(pod);
    const id = await pod.publish('2', parts);
    await pod.publisher.reached(id, state);
    await server.kill();
    await sleep(1_000);
    await server.start();
    const view = await pod.ended(id);
    await observer.stop();
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(id);
    sawOnly(observer, pod, old, id);
    expect(await visiting.stop(), visiting.problems.join('\n')).toMatchObject({ failed: 0 });
  });

  it('afterwards: nothing is dead-lettered, and every deployment has ended once', async () => {
    const { count } = await scene.admin.call<{ count: number }>('GET', '/v1/dead-letters');
    expect(count).toBe(0);
    const { deployments } = await scene.admin.call<{ deployments: { finishedAt?: string }[] }>(
      'GET',
      '/v1/deployments?limit=500',
    );
    expect(deployments.filter((deployment) => !deployment.finishedAt)).toEqual([]);
  });
});
