import { beforeEach, describe, expect, it } from 'vitest';
import { signStatement } from '@podway/contracts/signatures';
import { shopStatement, signingPair, unfitPublicKeys } from '@podway/testing/signatures';
import { useDatabase } from '../../test/database.js';
import { acceptanceOf, anUpdate } from '../../test/updates.js';
import { SigningKeys } from '../auth/signing-keys.js';
import { SagaStore } from '../coordinator/saga-store.js';
import type { UpdateEntity } from '../entities/index.js';
import { Updates } from './updates.js';

const artifact = { sha256: 'a'.repeat(64), bytes: 10 };
const pair = signingPair('acme');

function signed(sequence: number, changes: Partial<UpdateEntity> = {}): UpdateEntity {
  const statement = signStatement(shopStatement({ artifact, sequence }), pair.privateKey);
  return anUpdate({
    statement: JSON.parse(JSON.stringify(statement)) as typeof statement,
    sequence,
    ...changes,
  });
}

describe('signed updates', () => {
  const db = useDatabase();
  let updates: Updates;
  beforeEach(() => {
    updates = new Updates(db.dataSource);
  });
  const accept = async (one: UpdateEntity): Promise<UpdateEntity> => {
    const [first] = await updates.accept([acceptanceOf(one)]);
    return first as UpdateEntity;
  };
  const accepted = async (): Promise<number> => {
    const [row] = await db.dataSource.query('select count(*)::int as n from ingress.updates');
    const [sent] = await db.dataSource.query('select count(*)::int as n from ingress.outbox');
    expect(sent).toEqual(row);
    return (row as { n: number }).n;
  };

  it('are kept with their statement, and raise the sequence of their POD', async () => {
    expect(await updates.highestSequence('acme', 'shop')).toBe(0);
    const one = signed(7);
    await accept(one);
    expect(await updates.byId(one.id)).toEqual([one]);
    expect(await updates.highestSequence('acme', 'shop')).toBe(7);
    expect(await updates.highestSequence('acme', 'blog')).toBe(0);
  });

  it.each([7, 6, 1])(
    'are refused after 7 with sequence %d, and nothing of them is kept',
    async (sequence) => {
      await accept(signed(7));
      await expect(accept(signed(sequence))).rejects.toMatchObject({ code: 'SIGNATURE.SEQUENCE_USED' });
      expect(await accepted()).toBe(1);
      expect(await updates.highestSequence('acme', 'shop')).toBe(7);
    },
  );

  it('may leave out sequences', async () => {
    for (const sequence of [1, 5, 1_000_000_000_000]) await accept(signed(sequence));
    expect(await accepted()).toBe(3);
    expect(await updates.highestSequence('acme', 'shop')).toBe(1_000_000_000_000);
  });

  it('of other PODs and unsigned ones have nothing to do with it', async () => {
    await accept(signed(7));
    await accept(signed(3, { pod: 'blog' }));
    await accept(signed(0, { statement: null, sequence: null }));
    expect(await accepted()).toBe(3);
    expect(await updates.highestSequence('acme', 'shop')).toBe(7);
  });

  it('get their earlier answer when the same request comes again', async () => {
    const first = await accept(signed(7, { idempotencyKey: 'r' }));
    expect((await accept(signed(7, { idempotencyKey: 'r' }))).id).toBe(first.id);
    expect(await accepted()).toBe(1);
  });

  it('of one sequence at once: one is accepted', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => accept(signed(7))));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await accepted()).toBe(1);
  });

  it('at once never let the sequence go back', async () => {
    const order = Array.from({ length: 20 }, (_, index) => ((index * 7) % 20) + 1);
    const outcomes = await Promise.allSettled(order.map((sequence) => accept(signed(sequence))));
    expect(outcomes[order.indexOf(20)]?.status).toBe('fulfilled');
    expect(await updates.highestSequence('acme', 'shop')).toBe(20);
    const rows: { sequence: string }[] = await db.dataSource.query(
      'select u.sequence from ingress.updates u join ingress.outbox o on o.envelope->$$data$$->>$$message$$ = u.id order by o.id',
    );
    expect(rows.length).toBe(outcomes.filter(({ status }) => status === 'fulfilled').length);
  });

  it('are begun from their record with the statement', async () => {
    const one = signed(7);
    await accept(one);
    const [begun] = await new SagaStore(db.dataSource).unbegun(-1_000, 10);
    expect(JSON.parse(JSON.stringify(begun?.submitted.statement))).toEqual(one.statement);
  });
});

describe('SigningKeys', () => {
  const db = useDatabase();
  let keys: SigningKeys;
  beforeEach(() => {
    keys = new SigningKeys(db.dataSource);
  });

  it('are added, found, listed by client and revoked, once', async () => {
    const { id, publicKey } = pair.known;
    const made = await keys.add({ client: 'acme', publicKey, note: 'the build' });
    expect(made).toMatchObject({ id, client: 'acme', publicKey, note: 'the build', revokedAt: null });
    const other = await keys.add({ client: 'rival', publicKey: signingPair('rival').known.publicKey });
    expect(await keys.byIds([id, 'f'.repeat(64)])).toEqual([made]);
    expect(await keys.list('acme')).toEqual([made]);
    expect((await keys.list()).map((one) => one.id).sort()).toEqual([id, other.id].sort());
    expect(await keys.revoke(id)).toBe(true);
    expect(await keys.revoke(id)).toBe(false);
    expect((await keys.byIds([id]))[0]?.revokedAt).toBeInstanceOf(Date);
  });

  it('are taken once, for one client, and do not come back', async () => {
    const { id, publicKey } = pair.known;
    await keys.add({ client: 'acme', publicKey });
    for (const client of ['acme', 'rival'])
      await expect(keys.add({ client, publicKey })).rejects.toMatchObject({ code: 'SIGNING_KEY.EXISTS' });
    await keys.revoke(id);
    await expect(keys.add({ client: 'acme', publicKey })).rejects.toMatchObject({
      code: 'SIGNING_KEY.EXISTS',
    });
  });

  it.each(unfitPublicKeys())('are not made of %s', async (_, publicKey) => {
    await expect(keys.add({ client: 'acme', publicKey })).rejects.toMatchObject({
      code: 'SIGNATURE.KEY_UNFIT',
    });
    expect(await keys.list()).toEqual([]);
  });
});
