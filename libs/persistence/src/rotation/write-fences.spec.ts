import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { DeploymentEntity } from '../entities/index.js';
import { GATEWAY_GONE_MS, Rotation } from './rotation.js';
import { liftWriteFence, WriteFences } from './write-fences.js';

const first = '01JD3Z7W8X9Y0A1B2C3D4E5F61';
const second = '01JD3Z7W8X9Y0A1B2C3D4E5F62';

describe('WriteFences', () => {
  const db = useDatabase();
  let fences: WriteFences;
  let rotation: Rotation;
  beforeEach(() => {
    fences = new WriteFences(db.dataSource);
    rotation = new Rotation(db.dataSource);
  });

  async function owns(id: string, leased = true, pod = 'shop'): Promise<void> {
    await db.dataSource.manager.save(DeploymentEntity, {
      ...{ id, updateId: id, client: 'acme', pod, state: leased ? 'Installing' : 'Failed', leased },
      ...{ deadline: null, version: 1, data: {}, finishedAt: null },
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      ...{ submittedAt: new Date(), updatedAt: new Date() },
    });
  }
  const fenced = async (): Promise<string[]> => [...(await rotation.view()).writesFenced].toSorted();

  it('begins with none', async () => {
    expect(await fenced()).toEqual([]);
  });

  it('holds for the POD of a deployment, from a generation on, as long as that owns the POD', async () => {
    await owns(first);
    const { generation } = await rotation.view();
    expect(await fences.set('shop', first, 1)).toBe(generation + 1);
    expect(await rotation.view()).toMatchObject({
      generation: generation + 1,
      writesFenced: new Set(['shop']),
    });
    await owns(second, true, 'blog');
    await fences.set('blog', second, 1);
    expect(await fenced()).toEqual(['blog', 'shop']);
    await owns(first, false);
    expect(await fenced()).toEqual(['blog']);
  });

  it('is lifted with a generation of its own, and where there is none, nobody has to look', async () => {
    await owns(first);
    const generation = await fences.set('shop', first, 1);
    await db.dataSource.transaction((manager) => liftWriteFence(manager, 'shop'));
    expect(await rotation.view()).toMatchObject({ generation: generation + 1, writesFenced: new Set() });
    await db.dataSource.transaction((manager) => liftWriteFence(manager, 'shop'));
    expect((await rotation.view()).generation).toBe(generation + 1);
  });

  it('that is set too late, by a worker of the past, fences nothing and takes no fence away', async () => {
    await owns(first, false);
    await fences.set('shop', first, 3);
    expect(await fenced()).toEqual([]);
    await owns(second);
    await fences.set('shop', second, 4);
    await expect(fences.set('shop', first, 3)).rejects.toMatchObject({ code: 'ROTATION.FENCED' });
    expect(await fenced()).toEqual(['shop']);
  });

  describe('settled', () => {
    const settled = (generation: number, timeoutMs = 0) => fences.settled('shop', generation, timeoutMs);

    it('waits for nobody where there is no gateway', async () => {
      expect(await settled(5, 60_000)).toEqual({ acknowledged: true, running: 0 });
    });

    it('waits until every live gateway follows and no write runs, whatever else does', async () => {
      await rotation.acknowledge('g1', 5, { 'shop/web1': 9 }, { shop: 2, blog: 7 });
      await rotation.acknowledge('g2', 4, {}, { shop: 1 });
      expect(await settled(5)).toEqual({ acknowledged: false, running: 3 });
      await rotation.acknowledge('g2', 5, {}, {});
      expect(await settled(5)).toEqual({ acknowledged: true, running: 2 });
      const waiting = settled(5, 60_000);
      await rotation.acknowledge('g1', 5, { 'shop/web1': 9 }, { blog: 7 });
      expect(await waiting).toEqual({ acknowledged: true, running: 0 });
    });

    it('takes no gateway for one that follows whose program counts no writes', async () => {
      await db.dataSource.query(
        `insert into ingress.gateways (id, seen_generation, running, seen_at) values ('old', 9, '{}', now())`,
      );
      expect(await settled(5)).toEqual({ acknowledged: false, running: 0 });
    });

    it('does not wait for a gateway that is gone', async () => {
      await rotation.acknowledge('dead', 1, {}, { shop: 4 });
      await db.dataSource.query(
        `update ingress.gateways set seen_at = now() - $1 * interval '1 millisecond'`,
        [GATEWAY_GONE_MS + 1],
      );
      expect(await settled(5)).toEqual({ acknowledged: true, running: 0 });
    });
  });
});
