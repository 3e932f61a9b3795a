import { beforeEach, describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { BundleManifest, validated } from '@podway/contracts';
import type { OutgoingMessage } from '@podway/messaging';
import { useDatabase } from '../../test/database.js';
import { saying } from '../../test/messages.js';
import type { ArtifactEntity, UpdateEntity } from '../entities/index.js';
import { Updates } from './updates.js';

const ARTIFACT = 'a'.repeat(64);

function update(changes: Partial<UpdateEntity> = {}): UpdateEntity {
  return {
    ...{ id: ulid(), deploymentId: ulid(), client: 'acme', keyId: 'k1', pod: 'shop' },
    source: { kind: 'artifact', artifact: ARTIFACT },
    ...{ label: null, idempotencyKey: null, requestDigest: 'd'.repeat(64), createdAt: new Date() },
    ...changes,
  };
}

const message = (of: UpdateEntity): OutgoingMessage => ({
  ...{ exchange: 'podway.outcomes', routingKey: 'q' },
  envelope: saying(of.id),
});

describe('Updates', () => {
  const db = useDatabase();
  let updates: Updates;
  beforeEach(() => {
    updates = new Updates(db.dataSource);
  });
  const accept = (one: UpdateEntity): Promise<UpdateEntity> => updates.accept(one, message(one));
  const sent = async (): Promise<unknown[]> => {
    const rows: { text: string }[] = await db.dataSource.query(
      `select envelope->'data'->>'message' as text from ingress.outbox order by id`,
    );
    return rows.map(({ text }) => text);
  };

  it('writes record and message together, and finds the record again', async () => {
    const one = update({ label: 'shop 1.4.0', idempotencyKey: 'r1' });
    expect(await accept(one)).toEqual(one);
    expect(await sent()).toEqual([one.id]);
    expect(await updates.byId(one.id)).toEqual(one);
    expect(await updates.byDeployment(one.deploymentId)).toEqual(one);
    expect(await updates.byIdempotencyKey('k1', 'r1')).toEqual(one);
    expect(await updates.byIdempotencyKey('k2', 'r1')).toBeNull();
    expect(await updates.byId(ulid())).toBeNull();
  });

  it('accepts one of many requests with the same idempotency key, and gives all of them its record', async () => {
    const same = Array.from({ length: 20 }, () => update({ idempotencyKey: 'release-1' }));
    const accepted = await Promise.all(same.map(accept));
    expect(new Set(accepted.map(({ id }) => id)).size).toBe(1);
    expect(await sent()).toEqual([accepted[0]?.id]);
    expect(await db.dataSource.query('select count(*)::int as n from ingress.updates')).toEqual([{ n: 1 }]);
  });

  it('takes the same idempotency key of another credential for another request', async () => {
    const [one, other] = [update({ idempotencyKey: 'r' }), update({ idempotencyKey: 'r', keyId: 'k2' })];
    expect([await accept(one), await accept(other)]).toEqual([one, other]);
    expect(await sent()).toEqual([one.id, other.id]);
  });

  it('accepts every request that has no idempotency key', async () => {
    const many = Array.from({ length: 5 }, () => update());
    await Promise.all(many.map(accept));
    expect((await sent()).toSorted()).toEqual(many.map(({ id }) => id).toSorted());
  });

  it('accepts nothing whose message cannot be written', async () => {
    const one = update();
    const broken = { ...message(one), exchange: null as never };
    await expect(updates.accept(one, broken)).rejects.toThrow('exchange');
    expect(await updates.byId(one.id)).toBeNull();
  });

  it('takes no second update for the same deployment', async () => {
    const one = update();
    await accept(one);
    await expect(accept(update({ deploymentId: one.deploymentId }))).rejects.toThrow();
    expect(await sent()).toEqual([one.id]);
  });

  it('remembers who stored which artifact, and its manifest for all', async () => {
    const manifest = validated(BundleManifest, {
      ...{ apiVersion: 'podway/v1', name: 'shop', version: '1' },
      components: [{ name: 'content', installer: 'archive' }],
    });
    const artifact: ArtifactEntity = {
      ...{ client: 'acme', digest: ARTIFACT, bytes: 5_000_000_000 },
      ...{ manifest, createdAt: new Date() },
    };
    await updates.keepArtifact(artifact);
    await updates.keepArtifact({ ...artifact, bytes: 1 });
    expect(await updates.artifact('acme', ARTIFACT)).toMatchObject({ bytes: 5_000_000_000 });
    expect(await updates.artifact('other', ARTIFACT)).toBeNull();
    expect(await updates.manifest(ARTIFACT)).toEqual(manifest);
    expect(await updates.manifest('b'.repeat(64))).toBeUndefined();
  });
});
