import request from 'supertest';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CompareReleases, parseMessage, type TreeChanges } from '@podway/contracts';
import { AuditLog, Comparisons } from '@podway/persistence';
import { shopBundle } from '../../../test/bundle.js';
import { insertRelease } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
let admin: string;
let name: string;
beforeAll(async () => {
  gateway = await startGateway({ PODWAY_DIFF_TIMEOUT_MS: '2000' });
  publisher = await gateway.key('acme', 'publisher');
  admin = await gateway.key('*', 'admin');
});
afterAll(() => gateway?.close());
beforeEach(async () => {
  name = `shop-${ulid().toLowerCase()}`;
  await gateway.apply([pod(name, 'acme', { state: { driver: 'tree', keep: 3 } })]);
});

const get = (path: string, key = publisher) =>
  request(gateway.api).get(`/v1/pods/${name}${path}`).set('Authorization', `Bearer ${key}`);
const post = (path: string, body: object) =>
  request(gateway.api).post(path).set('Authorization', `Bearer ${publisher}`).send(body);
const bad = (number: number, reason = 'it leaks') =>
  post(`/v1/pods/${name}/releases/${number}/bad`, { reason });

/** Releases 1 to `count`, each of an artifact of its own. */
async function releases(count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    await insertRelease(gateway.dataSource, {
      ...{ pod: name, number, artifact: String(number % 10).repeat(64) },
      changes: {
        tree: {
          added: number,
          changed: 1,
          removed: 0,
          more: true,
          entries: [{ change: 'changed', path: 'x' }],
        },
      },
      reason: `reason ${number}`,
    });
  }
}

describe('releases', () => {
  it('tell who, what, when, why, what changed, and whether one can go back to them', async () => {
    await releases(5);
    const { body } = await get('/releases?limit=2').expect(200);
    expect(body.releases).toMatchObject([
      {
        ...{ number: 5, current: true, kept: true, name: 'shop', version: '1.0.0', reason: 'reason 5' },
        ...{ publisher: 'abcdefghijkl', changes: { added: 5, changed: 1, removed: 0 } },
      },
      { number: 4, current: false, kept: true },
    ]);
    const older = await get('/releases?before=4').expect(200);
    expect(older.body.releases).toMatchObject([
      { number: 3, kept: true, current: false },
      { number: 2, kept: false },
      { number: 1, kept: false },
    ]);
    const one = await get('/releases/5').expect(200);
    expect(one.body.difference.tree).toMatchObject({ more: true, entries: [{ path: 'x' }] });
    for (const wrong of ['6', '0', '01', 'x', '1e3'])
      expect((await get(`/releases/${wrong}`)).body.code).toBe('RELEASE.NOT_FOUND');
  });

  it('no longer kept are not gone back to', async () => {
    await releases(4);
    const refused = await post('/v1/updates', { pod: name, release: 1 });
    expect([refused.status, refused.body.code]).toEqual([409, 'RELEASE.NOT_KEPT']);
  });
});

describe('bad marks', () => {
  it('are set and taken away, with a reason, and recorded', async () => {
    await releases(2);
    expect((await bad(1, '  ')).status).toBe(422);
    const marked = await bad(1);
    expect(marked.body.bad).toMatchObject({ reason: 'it leaks', by: publisher.slice(3, 15) });
    expect((await bad(1, 'worse')).body.bad.reason).toBe('worse');
    expect((await get('/releases')).body.releases.map((one: { bad?: object }) => !!one.bad)).toEqual([
      false,
      true,
    ]);
    const [record] = await new AuditLog(gateway.dataSource).list({ action: 'markReleaseBad', limit: 1 });
    expect(record).toMatchObject({ subject: `pod/${name}`, detail: { release: 1, reason: 'worse' } });
    const cleared = await request(gateway.api)
      .delete(`/v1/pods/${name}/releases/1/bad`)
      .set('Authorization', `Bearer ${publisher}`);
    expect(cleared.body.bad).toBeUndefined();
    expect((await bad(7)).body.code).toBe('RELEASE.NOT_FOUND');
  });

  it('keep a release from being gone back to, unless with force, which is recorded', async () => {
    await releases(3);
    await bad(2);
    const refused = await post('/v1/updates', { pod: name, release: 2 });
    expect([refused.status, refused.body.code]).toEqual([409, 'RELEASE.MARKED_BAD']);
    // The one before the current is the one before the bad one.
    const before = await post('/v1/updates', { pod: name, reason: 'r' });
    expect([before.status, before.body.source?.release]).toEqual([202, 1]);
    const forced = await post('/v1/updates', { pod: name, release: 2, force: true });
    expect(forced.status).toBe(202);
    const [record] = await new AuditLog(gateway.dataSource).list({ action: 'publishUpdate', limit: 1 });
    expect(record?.detail).toMatchObject({ force: true, badRelease: 2 });
  });

  it('keep its artifact from being published again, as a bundle too', async () => {
    const bundle = await shopBundle(ulid());
    const publish = (query = '') =>
      request(gateway.api)
        .post(`/v1/updates?pod=${name}${query}`)
        .set('Authorization', `Bearer ${publisher}`)
        .type('application/gzip')
        .send(bundle);
    const first = await publish('&reason=spring').expect(202);
    const { artifact } = first.body.source;
    await insertRelease(gateway.dataSource, { pod: name, number: 1, artifact });
    await bad(1);
    expect((await publish()).body.code).toBe('RELEASE.MARKED_BAD');
    expect((await post('/v1/updates', { pod: name, artifact })).body.code).toBe('RELEASE.MARKED_BAD');
    expect((await publish('&force=true')).status).toBe(202);
    const rows: { reason: string | null }[] = await gateway.dataSource.query(
      'select reason from ingress.updates where pod = $1 order by created_at',
      [name],
    );
    expect(rows[0]).toEqual({ reason: 'spring' });
  });
});

describe('diff', () => {
  const tree: TreeChanges = {
    ...{ added: 1, changed: 0, removed: 0, more: true },
    entries: [{ change: 'added', path: 'a' }],
  };

  /** The question that a verifier gets. */
  async function question(): Promise<CompareReleases> {
    const sent = await vi.waitFor(() => {
      const found = gateway.broker.published
        .map(({ envelope }) => parseMessage(JSON.parse(JSON.stringify(envelope)) as object).payload)
        .findLast((payload) => payload instanceof CompareReleases && payload.pod === name);
      if (!found) throw new Error('nothing was asked yet');
      return found;
    });
    return sent as CompareReleases;
  }

  it('is asked of a verifier, page by page', async () => {
    await releases(3);
    const asked = get('/diff?from=2&to=3&limit=1&after=B').then((response) => response);
    const sent = await question();
    expect(sent).toMatchObject({
      ...{ client: 'acme', podRevision: 1, limit: 1, after: 'B' },
      ...{ from: { release: 2 }, to: { release: 3 } },
    });
    await new Comparisons(gateway.dataSource).answer(sent.lookId, {
      answer: { tree, server: 's1', next: 'a' },
    });
    expect(await asked).toMatchObject({
      status: 200,
      body: { pod: name, from: 2, to: 3, tree, server: 's1', next: 'a' },
    });
  });

  it('says why there is none', async () => {
    await releases(4);
    expect((await get('/diff?from=1&to=4')).body.code).toBe('RELEASE.NOT_KEPT');
    expect((await get('/diff?from=4&to=9')).body.code).toBe('RELEASE.NOT_FOUND');
    expect((await get('/diff?from=4')).status).toBe(422);
    expect((await get('/diff?from=4&to=3&limit=501')).status).toBe(422);
    const asked = get('/diff?from=3&to=4').then((response) => response);
    await new Comparisons(gateway.dataSource).answer((await question()).lookId, {
      ...{ code: 'HOST.UNREACHABLE', detail: 's1: refused' },
    });
    expect(await asked).toMatchObject({ status: 503, body: { code: 'HOST.UNREACHABLE' } });
    expect(await get('/diff?from=2&to=4', admin)).toMatchObject({
      status: 503,
      body: { code: 'DIFF.NO_ANSWER' },
    });
  });
});
