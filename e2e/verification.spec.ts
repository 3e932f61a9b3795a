import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check, DeploymentDetailView, ProbeEvidence } from '@podway/contracts';
import { startPrometheus } from '@podway/testing/prometheus';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packed } from './support/api.js';
import { site } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { Scene, type Pod } from './support/scene.js';

const health: Check = {
  ...{ name: 'healthy', probe: 'http', path: '/health.txt', expectText: 'healthy' },
  ...{ tries: 2, intervalMs: 50 },
};

function evidenceOf(view: DeploymentDetailView, probe: string): ProbeEvidence {
  const found = view.evidence.find((one) => one.probe === probe);
  if (!found) throw new Error(`No evidence of ${probe}: ${JSON.stringify(view.evidence)}`);
  return found;
}

/** A file of the live tree is another from now on. Not written in place: its inode may be that of other releases. */
async function replace(pod: Pod, server: number, file: string, content: string): Promise<void> {
  const path = join(pod.server(server).path, 'current', file);
  await rm(path);
  await writeFile(path, content);
}

describe('verification', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  it('compares the canary with servers on the old release', async () => {
    const comparison: Check = {
      ...{ name: 'as before', probe: 'comparison', path: '/assets/style.css', samples: 10 },
      ...{ latencyFloorMs: 2_000, withoutOthers: 'passed', intervalMs: 10 },
    };
    const pod = await scene.pod({ checks: [health, comparison] });
    const first = await pod.ended(await pod.publish('1'));
    expect(evidenceOf(first, 'as before').detail).toMatch(/the check lets that pass$/);
    const good = await pod.ended(await pod.publish('2'));
    expect(good).toMatchObject({ state: 'Succeeded' });
    expect(evidenceOf(good, 'as before')).toMatchObject({
      ...{ server: 'server-1', verdict: 'passed' },
      detail: '10 requests to each side: 200 10 times; the others 200 10 times',
      measures: [
        { what: 'statuses', value: 0 },
        { what: 'latency p50', others: expect.any(Number) as number },
        { what: 'latency p95' },
      ],
    });

    const { 'assets/style.css': _, ...without } = site('3');
    const view = await pod.ended(await pod.publish('3', { files: without }));
    expect(view).toMatchObject({
      ...{ state: 'RolledBack', failure: { code: 'VERIFICATION.FAILED', server: 'server-1' } },
    });
    expect(evidenceOf(view, 'as before')).toMatchObject({
      ...{ verdict: 'failed', measures: [{ what: 'statuses', value: 1, max: 0 }, {}, {}] },
      detail: '10 requests to each side: 404 10 times; the others 200 10 times',
    });
    await pod.settledOn(good.id);
  });

  it('is inconclusive without anybody to compare with', async () => {
    const pod = await scene.pod({ checks: [{ probe: 'comparison' }] });
    const view = await pod.ended(await pod.publish('1'));
    expect(view).toMatchObject({ state: 'RolledBack', failure: { code: 'VERIFICATION.INCONCLUSIVE' } });
    await pod.settledOn(undefined);
  });

  it('watches the canary for longer than its watchdog waits, and tells so', async () => {
    const verification = { bakeMs: 8_000, everyMs: 500 };
    const pod = await scene.pod({
      servers: 2,
      checks: [health],
      policy: { watchdogMs: 5_000, verification },
    });
    const view = await pod.ended(await pod.publish('1'));
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    expect(evidenceOf(view, 'healthy').rounds).toBeGreaterThan(5);
    const verifying = view.stages.find(({ state }) => state === 'Verifying');
    expect(verifying?.durationMs).toBeGreaterThanOrEqual(8_000);
    await pod.settledOn(view.id);
  });

  it('stops watching when the canary goes wrong', async () => {
    const verification = { bakeMs: 600_000, everyMs: 200 };
    const pod = await scene.pod({ checks: [health] });
    const good = await pod.serves('1');
    await scene.admin.applyPods({ ...pod.spec, policy: { ...pod.spec.policy, verification } });
    const id = await pod.publish('2');
    await pod.publisher.reached(id, 'Verifying');
    await sleep(1_500);
    expect(await pod.publisher.deployment(id)).toMatchObject({ state: 'Verifying' });
    await replace(pod, 0, 'health.txt', 'status: ill\n');
    const view = await pod.ended(id);
    expect(view).toMatchObject({ state: 'RolledBack', failure: { code: 'VERIFICATION.FAILED' } });
    expect(evidenceOf(view, 'healthy')).toMatchObject({ verdict: 'failed', server: 'server-1' });
    expect(evidenceOf(view, 'healthy').rounds).toBeGreaterThan(1);
    await pod.settledOn(good);
  });

  it('stops watching when somebody aborts', async () => {
    const verification = { bakeMs: 600_000, everyMs: 200 };
    const pod = await scene.pod({ servers: 2, checks: [{ probe: 'tcp' }], policy: { verification } });
    const id = await pod.publish('1');
    await pod.publisher.reached(id, 'Verifying');
    await sleep(1_000);
    await pod.publisher.abort(id);
    expect(await pod.publisher.ended(id, 30_000)).toMatchObject({ state: 'Aborted' });
    await pod.settledOn(undefined);
    // The verifier has noticed, too: nobody asks the canary any more.
    const { logs, name } = scene.fleet.of('verifier')[0]!.options;
    const log = (): Promise<string> => readFile(join(logs, `${name}.log`), 'utf8');
    await eventually('the end of the step', async () =>
      (await log())
        .split('\n')
        .some((line) => line.includes(id) && /a newer command has taken over/.test(line)),
    );
  });

  it('asks a real Prometheus about the canary and the others', async () => {
    const metrics = (length: number) => ({ ...site('x'), metrics: `queue_length ${length}\n` });
    const pod = await scene.pod({ checks: [health] });
    const good = await pod.serves('1', { files: metrics(5) });
    const prometheus = await startPrometheus({
      targets: pod.servers.map((server) => new URL(server.spec().http).host),
    });
    try {
      const metric: Check = {
        ...{ name: 'queue', probe: 'metric', query: 'queue_length{instance="{{address}}"}' },
        ...{ maxRatio: 2, tries: 1 },
      };
      const verification = { bakeMs: 3_000, everyMs: 200, metricsUrl: prometheus.url };
      const { spec } = pod;
      await scene.admin.applyPods({ ...spec, checks: [metric], policy: { ...spec.policy, verification } });
      const bad = await pod.ended(await pod.publish('2', { files: metrics(11) }));
      expect(bad).toMatchObject({ state: 'RolledBack', failure: { code: 'VERIFICATION.FAILED' } });
      expect(evidenceOf(bad, 'queue')).toMatchObject({
        ...{ verdict: 'failed', measures: [{ value: 11, others: 5, max: 10 }] },
      });
      await pod.settledOn(good);
      const third = await pod.serves('3', { files: metrics(9) });
      await prometheus.stop();
      const blind = await pod.ended(await pod.publish('4', { files: metrics(9) }));
      expect(blind).toMatchObject({ state: 'RolledBack', failure: { code: 'VERIFICATION.ERROR' } });
      expect(JSON.stringify(blind)).not.toContain(prometheus.url);
      await pod.settledOn(third);
    } finally {
      await prometheus.stop();
    }
  });

  it("refuses a publisher's check that the POD does not allow, before anything is touched", async () => {
    const pod = await scene.pod({ servers: 1, policy: { publisherChecks: { commands: ['sh'] } } });
    const bundle = await packed(
      await pod.bundle('1', { checks: [{ probe: 'command', run: ['php', '-v'] }] }),
    );
    const answer = await pod.publisher.raw('POST', `/v1/updates?pod=${pod.name}`, bundle);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'CHECK.NOT_ALLOWED' });
    expect((await pod.publisher.deployments(pod.name)).deployments).toEqual([]);

    // Allowed when it was accepted, and not any more when its deployment begins.
    const [auth] = scene.fleet.of('auth');
    auth!.pause(true);
    try {
      const checks: Check[] = [{ probe: 'command', run: ['sh', '-c', 'exit 0'], tries: 1 }];
      const id = await pod.publish('2', { checks });
      await scene.admin.applyPods({ ...pod.spec, policy: { ...pod.spec.policy, publisherChecks: {} } });
      auth!.pause(false);
      expect(await pod.ended(id)).toMatchObject({
        ...{ state: 'Rejected', failure: { code: 'CHECK.NOT_ALLOWED', step: 'Authenticating' } },
      });
    } finally {
      auth!.pause(false);
    }
    await pod.settledOn(undefined);
  });
});
