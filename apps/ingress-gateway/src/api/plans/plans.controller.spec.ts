import request from 'supertest';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseMessage, ProposeCanary, type DifferenceEntry, type PodSpec } from '@podway/contracts';
import { Comparisons, ReleaseMarks } from '@podway/persistence';
import { bundleOf } from '../../../test/bundle.js';
import { insertDeployment, insertRelease } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';
import { entriesOf, shopFiles } from '../../../test/uploads.js';

let gateway: TestGateway;
let publisher: string;
let name: string;
beforeAll(async () => {
  gateway = await startGateway({ PODWAY_DIFF_TIMEOUT_MS: '300' });
  publisher = await gateway.key('acme', 'publisher');
}, 120_000);
afterAll(() => gateway?.close());
beforeEach(() => {
  name = `shop-${ulid().toLowerCase()}`;
});

const manifest = {
  ...{ apiVersion: 'podway/v1', name: 'shop', version: '1.0.0' },
  components: [{ name: 'site', installer: 'archive', source: 'site' }],
};
const apply = (more: Partial<PodSpec> = {}): Promise<unknown> => gateway.apply([pod(name, 'acme', more)]);

function plan(files: Record<string, string> | DifferenceEntry[], more: object = {}) {
  const entries = Array.isArray(files) ? files : entriesOf(files);
  return request(gateway.api)
    .post('/v1/plans')
    .set('Authorization', `Bearer ${publisher}`)
    .send({ pod: name, manifest, entries, ...more })
    .then((response) => response);
}

/** Publishes a bundle, and makes it the POD's release of this number. */
async function released(number: number, files: Record<string, string>): Promise<void> {
  const { body } = await request(gateway.api)
    .post(`/v1/updates?pod=${name}`)
    .set('Authorization', `Bearer ${publisher}`)
    .type('application/gzip')
    .send(await bundleOf(files))
    .expect(202);
  await insertRelease(gateway.dataSource, { pod: name, number, artifact: body.source.artifact });
}

describe('a plan', () => {
  it('of a first update: all is new, all is sent', async () => {
    await apply({ checks: [{ probe: 'http', name: 'front' }] as PodSpec['checks'] });
    const files = shopFiles({ 'index.html': 'one' });
    const { status, body } = await plan(files, {
      manifest: { ...manifest, prerequisites: { cpus: 2 }, checks: [{ probe: 'tcp' }] },
    });
    expect(status, JSON.stringify(body)).toBe(200);
    const size = Object.values(files).join('').length;
    expect(body).toMatchObject({
      ...{ pod: name, client: 'acme', others: ['s1', 's2', 's3'], refusals: [], before: 0, approval: false },
      noCanary: { code: 'PLAN.NO_ANSWER' },
      files: { added: 1, changed: 0, removed: 0, entries: [{ change: 'added', path: 'site/index.html' }] },
      ...{ bytes: size, bytesToSend: size, prerequisites: { cpus: 2 } },
      components: [{ name: 'site', installer: 'archive' }],
      checks: [
        { of: 'pod', probe: 'http', name: 'front' },
        { of: 'bundle', probe: 'tcp' },
      ],
    });
    expect(body).not.toHaveProperty('release');
    expect(Date.parse(body.beginsAt)).toBeLessThanOrEqual(Date.now());
  });

  it('names the canary that the service says which chooses it', async () => {
    await apply();
    const before = gateway.broker.published.length;
    const told = plan(shopFiles({ 'index.html': 'x' }));
    const sent = await vi.waitFor(
      () => {
        const found = gateway.broker.published
          .slice(before)
          .map(({ envelope }) => parseMessage(JSON.parse(JSON.stringify(envelope)) as object).payload)
          .find((payload) => payload instanceof ProposeCanary);
        if (!found) throw new Error('nothing was asked yet');
        return found;
      },
      { interval: 5 },
    );
    expect(sent).toMatchObject({ client: 'acme', pod: name, podRevision: 1 });
    await new Comparisons(gateway.dataSource).answer(sent.lookId, { answer: { canary: 's2' } });
    expect((await told).body).toMatchObject({ canary: 's2', others: ['s1', 's3'] });
  });

  it('compares with the bundle of the current release, and sends what the client has not stored', async () => {
    await apply();
    const old = shopFiles({ 'index.html': 'one', 'gone.html': 'gone', 'same.html': 'same' });
    await released(1, old);
    const { body } = await plan(shopFiles({ 'index.html': 'two!', 'same.html': 'same', 'new.html': 'gone' }));
    expect(body.release).toBe(1);
    expect(body.files).toEqual({
      ...{ added: 1, changed: 1, removed: 1, more: false },
      entries: [
        { change: 'removed', path: 'site/gone.html' },
        { change: 'changed', path: 'site/index.html', what: 'content' },
        { change: 'added', path: 'site/new.html' },
      ],
    });
    expect(body.bytesToSend).toBe(4);
    const rows: { count: string }[] = await gateway.dataSource.query(
      'select count(*) as count from ingress.uploads where pod = $1',
      [name],
    );
    expect(rows[0]?.count).toBe('0');
    await insertRelease(gateway.dataSource, { pod: name, number: 2, artifact: 'f'.repeat(64) });
    expect((await plan(old)).body.notCompared).toContain('not stored any more');
  });

  it('tells when it may begin', async () => {
    const to = new Date(Date.now() + 3_600_000).toISOString();
    const freeze = [{ reason: 'sale', from: new Date(Date.now() - 60_000).toISOString(), to }];
    await apply({ policy: { windows: { freeze }, approval: { replication: 'required' } } });
    await insertDeployment(gateway.dataSource, { pod: name, state: 'Installing', leased: true });
    await insertDeployment(gateway.dataSource, { pod: name, state: 'Queued' });
    const { body } = await plan(shopFiles({ 'index.html': 'x' }));
    expect(body).toMatchObject({
      ...{ approval: true, before: 2, beginsAt: to },
      waiting: { kind: 'window', detail: 'frozen: sale', until: to },
    });
    expect(body.runningDeployment).toMatch(/^[0-9A-Z]{26}$/);
  });
});

describe('it would be refused', () => {
  const codes = async (...args: Parameters<typeof plan>): Promise<string[]> =>
    ((await plan(...args)).body.refusals as { code: string }[]).map(({ code }) => code);
  const good = shopFiles({ 'index.html': 'x' });

  it('without a signature where that is required', async () => {
    await apply({ policy: { signatures: 'required' } });
    expect(await codes(good)).toEqual(['SIGNATURE.REQUIRED']);
    expect(await codes(good, { signed: true })).toEqual([]);
  });

  it('for what is in the bundle, or is not', async () => {
    await apply();
    expect(await codes(entriesOf({ '../x': 'x', 'site/index.html': 'x' }))).toContain('BUNDLE.PATH_ESCAPES');
    expect(await codes(entriesOf({ 'other/index.html': 'x' }))).toEqual(['BUNDLE.SOURCE_MISSING']);
    const checks = [{ probe: 'command', run: ['rm'] }];
    expect(await codes(good, { manifest: { ...manifest, checks } })).toEqual(['CHECK.NOT_ALLOWED']);
  });

  it('for the content of a release that is marked bad', async () => {
    await apply();
    await released(1, good);
    await new ReleaseMarks(gateway.dataSource).mark(name, 1, 'k', 'leaks');
    expect(await codes(good)).toEqual(['RELEASE.MARKED_BAD']);
    expect(await codes(shopFiles({ 'index.html': 'y' }))).toEqual([]);
  });

  it('for quotas and a full queue', async () => {
    await apply({ policy: { queue: { depth: 1 } } });
    const entry = { path: 'site/a', kind: 'file' as const, sha256: 'a'.repeat(64) };
    await insertDeployment(gateway.dataSource, { pod: name, state: 'Queued' });
    expect(await codes([{ ...entry, size: 1024 ** 5 }])).toEqual(
      expect.arrayContaining(['QUOTA.BYTES', 'QUEUE.FULL', 'BUNDLE.TOO_LARGE']),
    );
  });

  it('by no plan, when the POD is not there, another client has it, or the manifest is wrong', async () => {
    await gateway.apply([pod(name, 'rival')]);
    expect(await plan(good)).toMatchObject({ status: 404, body: { code: 'POD.NOT_FOUND' } });
    expect(await plan(good, { manifest: { ...manifest, version: 1 } })).toMatchObject({ status: 422 });
  });
});
