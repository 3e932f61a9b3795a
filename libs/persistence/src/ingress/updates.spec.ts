import { beforeEach, describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { useDatabase } from '../../test/database.js';
import { acceptanceOf, anUpdate } from '../../test/updates.js';
import type { UpdateEntity } from '../entities/index.js';
import { Updates } from './updates.js';

describe('Updates', () => {
  const db = useDatabase();
  let updates: Updates;
  beforeEach(() => {
    updates = new Updates(db.dataSource);
  });
  const accept = async (one: UpdateEntity, queueDepth = 100): Promise<UpdateEntity> => {
    const [first] = await updates.accept([acceptanceOf(one, queueDepth)]);
    return first!;
  };
  const sent = async (): Promise<unknown[]> => {
    const rows: { text: string }[] = await db.dataSource.query(
      `select envelope->'data'->>'message' as text from ingress.outbox order by id`,
    );
    return rows.map(({ text }) => text);
  };

  it('writes record and message together, and finds the record again', async () => {
    const one = anUpdate({ label: 'shop 1.4.0', idempotencyKey: 'r1' });
    expect(await accept(one)).toEqual(one);
    expect(await sent()).toEqual([one.id]);
    expect(await updates.byId(one.id)).toEqual([one]);
    expect(await updates.byDeployment(one.deploymentId)).toEqual(one);
    expect(await updates.byIdempotencyKey('k1', 'r1')).toEqual([one]);
    expect(await updates.byIdempotencyKey('k2', 'r1')).toEqual([]);
    expect(await updates.byId(ulid())).toEqual([]);
  });

  it('accepts one of many requests with the same idempotency key, and gives all of them its record', async () => {
    const same = Array.from({ length: 20 }, () => anUpdate({ idempotencyKey: 'release-1' }));
    const accepted = await Promise.all(same.map((one) => accept(one)));
    expect(new Set(accepted.map(({ id }) => id)).size).toBe(1);
    expect(await sent()).toEqual([accepted[0]?.id]);
    expect(await db.dataSource.query('select count(*)::int as n from ingress.updates')).toEqual([{ n: 1 }]);
  });

  it('takes the same idempotency key of another credential for another request', async () => {
    const [one, other] = [anUpdate({ idempotencyKey: 'r' }), anUpdate({ idempotencyKey: 'r', keyId: 'k2' })];
    expect([await accept(one), await accept(other)]).toEqual([one, other]);
    expect(await sent()).toEqual([one.id, other.id]);
  });

  it('accepts every request that has no idempotency key', async () => {
    const many = Array.from({ length: 5 }, () => anUpdate());
    await Promise.all(many.map((one) => accept(one)));
    expect((await sent()).toSorted()).toEqual(many.map(({ id }) => id).toSorted());
  });

  it('accepts nothing whose message cannot be written', async () => {
    const one = anUpdate();
    const broken = { ...acceptanceOf(one).submitted, exchange: null as never };
    await expect(updates.accept([{ ...acceptanceOf(one), submitted: broken }])).rejects.toThrow('exchange');
    expect(await updates.byId(one.id)).toEqual([]);
  });

  it('takes no second update for the same deployment', async () => {
    const one = anUpdate();
    await accept(one);
    await expect(accept(anUpdate({ deploymentId: one.deploymentId }))).rejects.toThrow();
    expect(await sent()).toEqual([one.id]);
  });

  it('accepts an update of several PODs as a whole: all its deployments, or none', async () => {
    const id = ulid();
    const rows = ['eu', 'us', 'asia'].map((pod, position) =>
      anUpdate({ id, pod, position, size: 3, mode: 'in-order', idempotencyKey: 'all' }),
    );
    expect(await updates.accept(rows.map((row) => acceptanceOf(row)))).toEqual(rows);
    expect(await sent()).toEqual([id, id, id]);
    expect((await updates.byId(id)).map(({ pod }) => pod)).toEqual(['eu', 'us', 'asia']);
    expect(await updates.byIdempotencyKey('k1', 'all')).toEqual(rows);
    const other = [anUpdate({ pod: 'eu' }), anUpdate({ pod: 'full' })];
    other[1]!.id = other[0]!.id;
    await expect(
      updates.accept([acceptanceOf(other[0]!), acceptanceOf({ ...other[1]!, position: 1 }, 0)]),
    ).rejects.toMatchObject({ code: 'QUEUE.FULL' });
    expect(await updates.byId(other[0]!.id)).toEqual([]);
  });

  it('lets no more updates wait for a POD than may, also when they come at once', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => accept(anUpdate(), 5)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    const refused = tries.filter((one) => one.status === 'rejected').map(({ reason }) => reason);
    expect(new Set(refused.map(({ code }: { code: string }) => code))).toEqual(new Set(['QUEUE.FULL']));
    expect(await sent()).toHaveLength(5);
    await expect(accept(anUpdate({ pod: 'other' }), 5)).resolves.toBeDefined();
  });
});
