import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetView } from '@podway/contracts';
import { insertDeployment, insertRelease } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let operator: string;

beforeAll(async () => {
  gateway = await startGateway();
  operator = await gateway.key('*', 'operator');
  const names = ['broken', 'drifted', 'failed', 'updating', 'healthy', 'paused', 'out'];
  await gateway.apply([
    ...names.map((name) => pod(name, 'acme', { hosts: [`${name}.example`] })),
    pod('empty', 'rival'),
  ]);
  for (const name of names) await insertRelease(gateway.dataSource, { pod: name, label: `${name} 1.0` });
  const at = (name: string, state: Parameters<typeof insertDeployment>[1]) =>
    insertDeployment(gateway.dataSource, { pod: name, ...state });
  await at('broken', { state: 'RollbackFailed', saga: { label: 'bad one' } });
  await at('failed', { state: 'Succeeded' });
  await at('failed', { state: 'RolledBack', saga: { label: 'bad one' } });
  await at('failed', { state: 'Superseded' });
  await at('updating', { state: 'Installing', leased: true, saga: { label: 'next' } });
  await at('updating', { state: 'Queued' });
  await at('updating', { state: 'Queued' });
  await at('healthy', { state: 'RolledBack' });
  await at('healthy', { state: 'Succeeded' });
  await gateway.dataSource.query(`
    insert into coordinator.server_status (pod, server, release, quarantined, updated_at, finding, checked_at, drifted_since)
      values ('drifted', 's1', 1, false, now(), 'drifted', '2030-01-02T00:00:00Z', now()),
             ('drifted', 's2', 1, true, now(), 'in-sync', '2030-01-01T00:00:00Z', null);
    insert into ingress.rotation (pod, server, in_rotation) values ('out', 's3', false), ('updating', 's1', false);
    insert into ingress.pod_pauses (pod, paused_by, reason, paused_at) values ('paused', 'k', 'because', now())`);
});
afterAll(() => gateway.close());

async function fleet(query = '', key = operator): Promise<FleetView> {
  const answer = await request(gateway.api).get(`/v1/fleet${query}`).set('Authorization', `Bearer ${key}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as FleetView;
}
const names = ({ pods }: FleetView): string => pods.map(({ name }) => name).join(' ');

describe('the fleet', () => {
  it('has the worst first, and tells how many are how', async () => {
    const all = await fleet();
    expect(all.pods.map(({ name, health }) => `${name}: ${health}`)).toEqual([
      'broken: broken',
      'drifted: degraded',
      'out: degraded',
      'failed: failed',
      'updating: updating',
      'empty: empty',
      'healthy: healthy',
      'paused: healthy',
    ]);
    expect(all.totals).toEqual({
      ...{ all: 8, broken: 1, degraded: 2, failed: 1, updating: 1, empty: 1, healthy: 2 },
      ...{ drifted: 1, waiting: 1, paused: 1 },
    });
    expect(all.next).toBeUndefined();
  });

  it('tells of a POD what is in force, what runs and what waits', async () => {
    const { pods } = await fleet();
    const of = (wanted: string) => pods.find(({ name }) => name === wanted);
    expect(of('updating')).toMatchObject({
      ...{ client: 'acme', hosts: ['updating.example'], release: 1, releaseLabel: 'updating 1.0' },
      ...{ serverCount: 3, outCount: 1, queueLength: 2 },
      running: { state: 'Installing', label: 'next' },
    });
    expect(of('updating')?.waitingSince).toBeDefined();
    expect(of('drifted')).toMatchObject({
      ...{ driftedCount: 1, quarantinedCount: 1, outCount: 1 },
      checkedAt: '2030-01-01T00:00:00.000Z',
    });
    expect(of('failed')?.last).toMatchObject({ state: 'RolledBack', label: 'bad one' });
    expect(of('paused')?.paused).toMatchObject({ by: 'k', reason: 'because' });
    expect(of('empty')).not.toHaveProperty('release');
  });

  it.each([
    ['?show=degraded', 'drifted out'],
    ['?show=drifted', 'drifted'],
    ['?show=waiting', 'updating'],
    ['?show=paused', 'paused'],
    ['?find=EALTH', 'healthy'],
    ['?find=rival', 'empty'],
    ['?find=out.exa', 'out'],
    ['?find=%25', ''],
    ['?find=nothing', ''],
  ])('shows only what is asked for: %s', async (query, expected) => {
    expect(names(await fleet(query))).toBe(expected);
  });

  it('goes on page by page, whatever is shown', async () => {
    const seen: string[] = [];
    let next: string | undefined = '';
    for (let pages = 0; next !== undefined; pages += 1) {
      expect(pages).toBeLessThan(4);
      const page = await fleet(`?limit=3${next === '' ? '' : `&after=${next}`}`);
      seen.push(names(page));
      next = page.next;
    }
    expect(seen).toEqual(['broken drifted out', 'failed updating empty', 'healthy paused']);
  });

  it('counts the PODs of the caller alone', async () => {
    const mine = await fleet('', await gateway.key('rival', 'viewer'));
    expect(names(mine)).toBe('empty');
    expect(mine.totals).toMatchObject({ all: 1, empty: 1, broken: 0 });
    const one = await fleet('', await gateway.key('acme', 'viewer', { pods: ['out'] }));
    expect([names(one), one.totals.all]).toEqual(['out', 1]);
  });

  it.each(['?show=odd', '?limit=0', '?after=x', `?find=${'x'.repeat(64)}`])('refuses %s', async (query) => {
    const answer = await request(gateway.api)
      .get(`/v1/fleet${query}`)
      .set('Authorization', `Bearer ${operator}`);
    expect(answer.status).toBe(422);
  });
});

describe('the caller', () => {
  it('is told who it is and what it may do', async () => {
    const key = await gateway.key('acme', 'publisher', { pods: ['out'] });
    const { body } = await request(gateway.api)
      .get('/v1/caller')
      .set('Authorization', `Bearer ${key}`)
      .expect(200);
    expect(body).toEqual({
      credential: key.slice(3, 15),
      client: 'acme',
      role: 'publisher',
      scopes: [{ client: 'acme', pods: ['out'], rights: ['view', 'publish'] }],
    });
  });
});
