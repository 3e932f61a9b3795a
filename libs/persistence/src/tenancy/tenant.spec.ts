import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { acceptanceOf, anUpdate } from '../../test/updates.js';
import { twoClients, type ThingsOfClient } from '../../test/two-clients.js';
import { SigningKeys } from '../auth/signing-keys.js';
import { DeploymentReader } from '../coordinator/deployments.js';
import type { Database } from '../data-source.js';
import type { DeploymentEntity, UpdateEntity } from '../entities/index.js';
import { Comparisons } from '../ingress/comparisons.js';
import { ReleaseMarks } from '../ingress/release-marks.js';
import { DriftReader } from '../coordinator/drift-reader.js';
import { PodPauses } from '../ingress/pod-pauses.js';
import { Updates } from '../ingress/updates.js';
import { Webhooks } from '../ingress/webhooks.js';
import { Inventory } from '../inventory/inventory.js';
import { Resources } from '../inventory/resources.js';
import { Logs } from '../logs/logs.js';
import { EventFeed } from '../outbox/event-feed.js';
import { Rotation } from '../rotation/rotation.js';
import { WriteFences } from '../rotation/write-fences.js';
import { asTenant, beyondTenant, tenantScoped, type Tenant } from './tenant.js';
import {
  driftTables,
  fenceTables,
  logTables,
  releaseTables,
  tenantTables,
  waitingTables,
  webhookTables,
} from './tenant-tables.js';

const walledTables = [
  ...[...tenantTables, ...waitingTables, ...releaseTables, ...driftTables],
  ...fenceTables,
  ...webhookTables,
  ...logTables,
];

function readers(dataSource: Database) {
  return {
    DeploymentReader: new DeploymentReader(dataSource),
    Inventory: new Inventory(dataSource),
    Updates: new Updates(dataSource),
    EventFeed: new EventFeed(dataSource, 'postgres://unused'),
    Rotation: new Rotation(dataSource),
    SigningKeys: new SigningKeys(dataSource),
    PodPauses: new PodPauses(dataSource),
    Resources: new Resources(dataSource),
    ReleaseMarks: new ReleaseMarks(dataSource),
    Comparisons: new Comparisons(dataSource),
    DriftReader: new DriftReader(dataSource),
    Webhooks: new Webhooks(dataSource),
    WriteFences: new WriteFences(dataSource),
    Logs: new Logs(dataSource),
  };
}
type Readers = ReturnType<typeof readers>;
type Ask = (from: Readers, of: ThingsOfClient) => Promise<unknown>;

/** One that comes last in the queue of the POD. */
const newest = ({ pod }: ThingsOfClient): DeploymentEntity =>
  ({ pod, updateId: 'z', submittedAt: new Date(), data: { updateId: 'z' } }) as unknown as DeploymentEntity;

/** Every method that reads for tenants, without any filter of the application. */
const asks: Record<string, Ask> = {
  'DeploymentReader.byId': (from, of) => from.DeploymentReader.byId(of.deploymentId),
  'DeploymentReader.list': (from, of) => from.DeploymentReader.list({ updateId: of.updateId }),
  'DeploymentReader.releases': (from, of) => from.DeploymentReader.releases(of.pod),
  'DeploymentReader.release': (from, of) => from.DeploymentReader.release(of.pod, 1),
  'DeploymentReader.serverStatus': (from, of) => from.DeploymentReader.serverStatus(of.pod),
  'DeploymentReader.activity': (from, of) => from.DeploymentReader.activity([of.pod]),
  'DeploymentReader.currentReleases': (from, of) => from.DeploymentReader.currentReleases([of.pod]),
  'DeploymentReader.lastCanary': (from, of) => from.DeploymentReader.lastCanary(of.pod, 'another'),
  'DeploymentReader.before': (from, of) => from.DeploymentReader.before(newest(of)),
  'DeploymentReader.beginFacts': (from, of) => from.DeploymentReader.beginFacts(newest(of)),
  'DeploymentReader.history': (from, of) => from.DeploymentReader.history(of.deploymentId, ['a']),
  'Inventory.revision': (from, of) => from.Inventory.revision(of.pod, 1),
  'Inventory.current': (from, of) => from.Inventory.current(of.pod),
  'Inventory.list': (from, of) => from.Inventory.list({ pod: of.pod }),
  'Updates.byId': (from, of) => from.Updates.byId(of.updateId),
  'Updates.byDeployment': (from, of) => from.Updates.byDeployment(of.deploymentId),
  'Updates.byIdempotencyKey': (from, of) => from.Updates.byIdempotencyKey(of.keyId, 'same'),
  'Updates.artifact': (from, of) => from.Updates.artifact(of.client, of.digest),
  'Updates.manifest': (from, of) => from.Updates.manifest(of.digest),
  'Updates.highestSequence': (from, of) => from.Updates.highestSequence(of.client, of.pod),
  'EventFeed.after': (from, of) => from.EventFeed.after(0, { deploymentId: of.deploymentId }),
  'Rotation.inRotation': (from, of) => from.Rotation.inRotation(of.pod, ['s1']),
  'SigningKeys.byIds': (from, of) => from.SigningKeys.byIds([of.signingKey]),
  'SigningKeys.list': (from, of) => from.SigningKeys.list(of.client),
  'PodPauses.of': (from, of) => from.PodPauses.of([of.pod]),
  'ReleaseMarks.of': (from, of) => from.ReleaseMarks.of(of.pod),
  'ReleaseMarks.against': (from, of) => from.ReleaseMarks.against(of.pod, { artifact: of.digest }),
  'Comparisons.awaited': (from, of) => from.Comparisons.awaited(of.updateId, 0),
  'DriftReader.check': (from, of) => from.DriftReader.check(of.pod),
  'WriteFences.of': (from, of) => from.WriteFences.of(of.pod),
  'Webhooks.find': (from, of) => from.Webhooks.find(of.webhook),
  'Webhooks.list': (from, of) => from.Webhooks.list(of.client),
  'Webhooks.deliveries': (from, of) => from.Webhooks.deliveries(of.webhook, { limit: 9 }),
  'Webhooks.delivery': (from, of) => from.Webhooks.delivery(of.webhook, of.updateId),
  'Logs.read': (from, of) => from.Logs.read(of.deploymentId, { after: 0, limit: 9 }),
  'Logs.last': (from, of) => from.Logs.last(of.deploymentId),
  'Resources.find': (from, of) => from.Resources.find(of.client, 'storefront'),
  'Resources.list': (from, of) => from.Resources.list(of.client),
};

/** Methods that read nothing for tenants: they write, serve the hosting service, or tell a place in the log of all. */
const others = [
  ...[
    'Inventory.stamp',
    'Inventory.apply',
    'Inventory.put',
    'Inventory.remove',
    'Inventory.refuseSharedHosts',
  ],
  ...['Updates.accept', 'Updates.send', 'SigningKeys.add', 'SigningKeys.revoke'],
  ...['EventFeed.start', 'EventFeed.close', 'EventFeed.onMore', 'EventFeed.last', 'EventFeed.oldest'],
  ...['create', 'change', 'rotate', 'remove', 'tried', 'changed'].map((name) => `Webhooks.${name}`),
  ...['PodPauses.pause', 'PodPauses.resume', 'ReleaseMarks.mark', 'ReleaseMarks.unmark'],
  ...['Logs.append', 'Logs.nextRun', 'Logs.prune'],
  ...['Comparisons.ask', 'Comparisons.answer', 'DriftReader.request'],
  ...['WriteFences.set', 'WriteFences.settled', 'WriteFences.progress'],
];

const acme: Tenant = { client: 'acme', pods: [] };

describe('the wall of tenants', () => {
  const db = useDatabase();
  let things: Awaited<ReturnType<typeof twoClients>>;
  let open: Readers;
  let walled: Readers;
  beforeEach(async () => {
    things = await twoClients(db.dataSource);
    open = readers(db.dataSource);
    walled = readers(tenantScoped(db.dataSource));
  });

  it('is tried with every method of the readers', () => {
    const methods = Object.entries(open).flatMap(([name, reader]) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(reader))
        .filter((method) => method !== 'constructor')
        .map((method) => `${name}.${method}`),
    );
    const known = [...Object.keys(asks), ...others];
    expect(methods.filter((one) => !one.startsWith('Rotation.') && !known.includes(one))).toEqual([]);
    expect(known.filter((one) => !methods.includes(one))).toEqual([]);
  });

  describe.each(Object.entries(asks))('%s', (_, ask) => {
    it('without a filter: what is another’s looks the same as what is not there', async () => {
      const missing = await ask(open, things.nothing);
      // The question does find it where there is no wall.
      expect(await ask(open, things.rival)).not.toEqual(missing);
      expect(await asTenant(acme, () => ask(walled, things.rival))).toEqual(missing);
    });

    it('what is one’s own is there', async () => {
      const own = await asTenant(acme, () => ask(walled, things.acme));
      expect(own).toEqual(await ask(open, things.acme));
    });

    it('what belongs to a POD that was given is there, and no other', async () => {
      const third = { client: 'builder', pods: ['shop'] };
      const own = await ask(open, things.acme);
      const missing = await ask(open, things.nothing);
      // Keys, webhooks and artifacts are the client's, not the POD's.
      const ofPod = !/artifact|manifest|SigningKeys|Webhooks/.test(_);
      expect(await asTenant(third, () => ask(walled, things.acme))).toEqual(ofPod ? own : missing);
      expect(await asTenant(third, () => ask(walled, things.rival))).toEqual(missing);
    });
  });

  it('holds for lists without any condition', async () => {
    const lists = (from: Readers): Promise<unknown[][]> =>
      Promise.all([
        ...[from.DeploymentReader.list({}), from.Inventory.list(), from.EventFeed.after(0, {})],
        ...[from.SigningKeys.list()],
      ]);
    expect((await lists(open)).map((list) => list.length)).toEqual([2, 2, 2, 2]);
    const own = await asTenant(acme, () => lists(walled));
    expect(own.map((list) => list.length)).toEqual([1, 1, 1, 1]);
    expect(JSON.stringify(own)).not.toMatch(/rival|blog/);
  });

  it('holds for any statement, joins and functions included', async () => {
    const scoped = tenantScoped(db.dataSource);
    const count = (sql: string): Promise<{ n: number }[]> => asTenant(acme, () => scoped.query(sql));
    for (const { table } of walledTables) {
      expect([table, await count(`select count(*)::int as n from ${table}`)]).toEqual([table, [{ n: 1 }]]);
    }
    const joined = `select count(*)::int as n from ingress.updates u, coordinator.deployments d, inventory.pods p`;
    expect(await count(joined)).toEqual([{ n: 1 }]);
    for (const table of ['auth.api_keys', 'auth.audit_log', 'coordinator.inbox', 'ingress.outbox']) {
      await expect(count(`select count(*)::int as n from ${table}`), table).rejects.toMatchObject({
        code: '42501',
      });
    }
  });

  it('stands before every table that the role may read', async () => {
    const rows: { name: string; walled: boolean }[] = await db.dataSource.query(
      `select format('%s.%s', n.nspname, c.relname) as name, c.relrowsecurity as walled
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm', 'p') and n.nspname in ('coordinator', 'inventory', 'ingress', 'auth')
          and has_table_privilege('podway_tenant', c.oid, 'select')`,
    );
    expect(rows.filter((row) => !row.walled)).toEqual([]);
    expect(rows.map((row) => row.name).sort()).toEqual(walledTables.map(({ table }) => table).sort());
  });

  it('keeps a tenant apart from others on the same connections', async () => {
    const rival: Tenant = { client: 'rival', pods: [] };
    const who = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        if (index % 3 === 2) return (await walled.Inventory.list()).length;
        const [pod] = await asTenant(index % 3 ? rival : acme, () => walled.Inventory.list());
        return pod?.spec.client;
      }),
    );
    expect(who).toEqual(Array.from({ length: 60 }, (_, index) => ['acme', 'rival', 2][index % 3]));
    const left = await db.dataSource.query(
      `select current_user::text as role, current_setting('podway.client', true) as client`,
    );
    expect(left[0].role).not.toBe('podway_tenant');
    expect(left[0].client ?? '').toBe('');
  });

  it('is left by what says so, and by nothing else', async () => {
    await asTenant(acme, async () => {
      expect(await beyondTenant(() => walled.Inventory.list())).toHaveLength(2);
      expect(await walled.EventFeed.last()).toBe(2);
      expect(await walled.EventFeed.oldest()).toBe(1);
      expect(await walled.Inventory.list()).toHaveLength(1);
    });
  });

  it('gives a connection back after a statement that fails', async () => {
    const scoped = tenantScoped(await db.another());
    const wrong = Array.from({ length: 20 }, () => asTenant(acme, () => scoped.query('select 1 / 0')));
    expect((await Promise.allSettled(wrong)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(await asTenant(acme, () => new Inventory(scoped).list())).toHaveLength(1);
  });

  it.each(['', '*', `x'; reset role; --`])('takes no tenant called %j', async (client) => {
    await expect(asTenant({ client, pods: [] }, () => walled.Inventory.list())).rejects.toThrow(TypeError);
    await expect(asTenant({ client: 'acme', pods: [client] }, () => walled.Inventory.list())).rejects.toThrow(
      TypeError,
    );
  });

  describe('writing', () => {
    const update = anUpdate;
    const accept = (one: UpdateEntity, tenant = acme): Promise<UpdateEntity[]> =>
      asTenant(tenant, () => walled.Updates.accept([acceptanceOf(one)]));
    const count = async (): Promise<unknown> =>
      (await db.dataSource.query('select count(*)::int as n from ingress.updates'))[0].n;

    it('goes to one’s own PODs, sequence and outbox included', async () => {
      const signed = { statement: { signatures: [] } as never, sequence: 8 };
      await accept(update(signed));
      await accept(update({ idempotencyKey: 'i' }));
      await accept(update({ idempotencyKey: 'i' }));
      expect(await count()).toBe(4);
      expect(await open.Updates.highestSequence('acme', 'shop')).toBe(8);
    });

    it.each<[string, Partial<UpdateEntity>]>([
      ['another’s POD in the other’s name', { client: 'rival', pod: 'blog' }],
      ['another’s POD in one’s own name', { pod: 'blog' }],
      ['one’s own POD in another’s name', { client: 'rival' }],
      ['a POD that is not there', { pod: 'nowhere' }],
    ])('does not go to %s', async (_, changes) => {
      await expect(accept(update(changes))).rejects.toMatchObject({ code: '42501' });
      expect(await count()).toBe(2);
    });

    it('goes to a POD that was given, in its client’s name', async () => {
      const third = { client: 'builder', pods: ['shop'] };
      await accept(update({}), third);
      await expect(accept(update({ client: 'builder' }), third)).rejects.toMatchObject({ code: '42501' });
      const { manifest, bytes } = (await open.Updates.artifact('acme', things.acme.digest)) ?? {};
      const artifact = { client: 'acme', digest: 'e'.repeat(64), bytes: bytes ?? 0, createdAt: new Date() };
      const { manager } = tenantScoped(db.dataSource);
      const keep = (client: string): Promise<unknown> =>
        asTenant(third, () =>
          manager.query(
            'insert into ingress.artifacts (client, digest, bytes, manifest, created_at) values ($1, $2, $3, $4, $5)',
            [client, artifact.digest, artifact.bytes, JSON.stringify(manifest), artifact.createdAt],
          ),
        );
      await keep('acme');
      await expect(keep('rival')).rejects.toMatchObject({ code: '42501' });
    });

    it.each([
      'update ingress.updates set label = $$x$$',
      'delete from ingress.updates',
      'update inventory.pods set client = $$acme$$',
    ])('is nothing but adding: %s', async (sql) => {
      const run = asTenant(acme, () => tenantScoped(db.dataSource).query(sql));
      await expect(run).rejects.toMatchObject({ code: '42501' });
    });
  });
});
