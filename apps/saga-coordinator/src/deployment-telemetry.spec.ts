import { describe, expect, it } from 'vitest';
import { AbortRequested, envelop, VerificationFailed } from '@podway/contracts';
import { routed } from '@podway/messaging';
import { answer, good, useCoordinator } from '../test/coordinator-scene.js';

describe('metrics of the coordinator', () => {
  const scene = useCoordinator();
  const { submit, ends, tell, commanded } = scene;

  /** Sum of the samples of a metric that have these labels, over all coordinators. */
  async function sum(name: string, labels: Record<string, string> = {}): Promise<number> {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const lines = (await scene.scraped()).split('\n').filter((line) => line.startsWith(`${name}{`));
    return lines
      .filter((line) => wanted.every((one) => line.includes(one)))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  }
  const ended = (outcome: string): Promise<number> =>
    sum('podway_deployments_total', { pod: 'shop', outcome });

  it('count a deployment when it has ended, and show the other outcomes at 0', async () => {
    await ends(await submit(), 'Succeeded');
    await expect.poll(() => ended('Succeeded')).toBe(1);
    const text = await scene.scraped();
    for (const outcome of ['Failed', 'RolledBack', 'RollbackFailed', 'Rejected', 'Aborted', 'Superseded'])
      expect(text).toContain(`podway_deployments_total{service="first",pod="shop",outcome="${outcome}"} 0`);
    expect(await sum('podway_deployment_duration_seconds_count', { outcome: 'Succeeded' })).toBe(1);
    for (const stage of ['Authenticating', 'Installing', 'Confirming'])
      expect(await sum('podway_stage_duration_seconds_count', { stage })).toBe(1);
    expect(await sum('podway_queue_wait_seconds_count')).toBe(1);
    expect(await sum('podway_rollbacks_total')).toBe(0);
  });

  it('tell a roll-back by where it began', async () => {
    const detail = { code: 'VERIFICATION.FAILED', detail: 'no', evidence: [] };
    scene.workers.Verifying = answer(VerificationFailed, detail);
    await ends(await submit(), 'RolledBack');
    await expect.poll(() => ended('RolledBack')).toBe(1);
    expect(await sum('podway_rollbacks_total', { pod: 'shop', stage: 'Verifying' })).toBe(1);
  });

  it('count a message once, however often it comes', async () => {
    scene.workers.Confirming = () => undefined;
    const before = await ended('Succeeded');
    const id = await submit();
    const outcome = good.Confirming(await commanded(id, 'Confirming'))!;
    const message = routed(envelop(outcome, { source: 'test' }));
    for (let times = 0; times < 5; times += 1) await scene.broker.publish(message);
    await ends(id, 'Succeeded');
    await tell(outcome);
    scene.workers.Confirming = good.Confirming;
    await ends(await submit(), 'Succeeded');
    await expect.poll(async () => (await ended('Succeeded')) - before).toBe(2);
  });

  it('show what runs and what waits now, and no longer', async () => {
    scene.workers.Confirming = () => undefined;
    const running = await submit();
    const confirming = await commanded(running, 'Confirming');
    const waiting = await submit();
    await ends(waiting, 'Queued');
    await expect.poll(() => sum('podway_queue_depth', { pod: 'shop' }), { timeout: 10_000 }).toBe(1);
    expect(await sum('podway_deployments_running', { state: 'Confirming' })).toBe(1);
    expect(await sum('podway_deployment_state_age_seconds', { state: 'Confirming' })).toBeGreaterThan(0);
    expect(await sum('podway_census_success')).toBe(1);
    await tell(Object.assign(new AbortRequested(), { deploymentId: waiting, by: 'k1' }));
    await tell(good.Confirming(confirming)!);
    await ends(running, 'Succeeded');
    await expect.poll(() => scene.scraped(), { timeout: 10_000 }).not.toContain('podway_queue_depth{');
    await expect.poll(() => ended('Aborted')).toBe(1);
  });

  it('count each deployment once where two coordinators work', async () => {
    await scene.another();
    const before = await ended('Succeeded');
    const ids = await Promise.all(Array.from({ length: 8 }, () => submit()));
    for (const id of ids) await ends(id, 'Succeeded');
    await expect.poll(async () => (await ended('Succeeded')) - before).toBe(8);
  });

  it('leave out what could not be read, and say so', async () => {
    await scene.database.query('alter table coordinator.server_status rename to away');
    try {
      await expect.poll(() => sum('podway_census_success'), { timeout: 10_000 }).toBe(0);
      expect(await scene.scraped()).not.toContain('podway_dead_letters{');
      expect(await ended('Succeeded')).toBeGreaterThan(0);
    } finally {
      await scene.database.query('alter table coordinator.away rename to server_status');
    }
  });
});
