import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { GATEWAY_GONE_MS, Rotation } from './rotation.js';

const change = (changes: Record<string, boolean>): Map<string, boolean> => new Map(Object.entries(changes));
const fenced = expect.objectContaining({ code: 'ROTATION.FENCED', retryable: false }) as Error;

describe('Rotation', () => {
  const db = useDatabase();
  let rotation: Rotation;
  beforeEach(() => {
    rotation = new Rotation(db.dataSource);
  });
  const out = async (): Promise<string[]> => [...(await rotation.view()).out].toSorted();

  it('begins with every server in rotation', async () => {
    expect(await out()).toEqual([]);
    expect(await rotation.inRotation('shop', ['web1', 'web2'])).toEqual(['web1', 'web2']);
  });

  it('takes servers out and puts others back at one moment', async () => {
    const before = await rotation.view();
    const first = await rotation.set('shop', change({ web1: false, web2: false }), 1);
    expect(first).toBe(before.generation + 1);
    expect(await rotation.view()).toMatchObject({
      generation: first,
      out: new Set(['shop/web1', 'shop/web2']),
    });
    const second = await rotation.set('shop', change({ web1: true, web3: false }), 1);
    expect(await rotation.view()).toMatchObject({
      generation: second,
      out: new Set(['shop/web2', 'shop/web3']),
    });
    expect(await rotation.inRotation('shop', ['web3', 'web1'])).toEqual(['web1']);
  });

  it('never shows half of a change', async () => {
    const other = new Rotation(await db.another());
    let stop = false;
    const seen: number[] = [];
    const looking = (async () => {
      while (!stop) seen.push((await other.view()).out.size);
    })();
    for (let turn = 0; turn < 40; turn += 1) {
      await rotation.set(
        'shop',
        change({ web1: turn % 2 === 0, web2: turn % 2 === 0, web3: turn % 2 === 0 }),
        1,
      );
    }
    stop = true;
    await looking;
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.filter((size) => size !== 0 && size !== 3)).toEqual([]);
  });

  it('orders changes that come at once: each has a generation of its own', async () => {
    const generations = await Promise.all(
      Array.from({ length: 20 }, (_, index) => rotation.set(`pod${index}`, change({ web1: false }), 1)),
    );
    expect(new Set(generations).size).toBe(20);
    expect((await rotation.view()).generation).toBe(Math.max(...generations));
    expect(await out()).toHaveLength(20);
  });

  it('refuses an older token, takes an equal and a newer one, each POD for itself', async () => {
    await rotation.set('shop', change({ web1: false }), 5);
    await expect(rotation.set('shop', change({ web1: true }), 4)).rejects.toThrow(fenced);
    expect(await out()).toEqual(['shop/web1']);
    await rotation.set('shop', change({ web1: true }), 5);
    await rotation.set('blog', change({ web1: false }), 1);
    await rotation.set('shop', change({ web1: false }), 6);
    expect(await out()).toEqual(['blog/web1', 'shop/web1']);
  });

  it('a refused change leaves no trace', async () => {
    await rotation.fence('shop', 9);
    const before = await rotation.view();
    await expect(rotation.set('shop', change({ web1: false }), 8)).rejects.toThrow(fenced);
    expect(await rotation.view()).toEqual(before);
  });

  it('a token that was only shown fences all the same', async () => {
    await rotation.fence('shop', 7);
    await rotation.fence('shop', 7);
    await expect(rotation.fence('shop', 6)).rejects.toThrow(fenced);
    await expect(rotation.set('shop', change({ web1: false }), 6)).rejects.toThrow(fenced);
    await rotation.set('shop', change({ web1: false }), 7);
  });

  it('tokens that come at once leave the highest', async () => {
    const tokens = Array.from({ length: 20 }, (_, index) => index + 1);
    await Promise.allSettled(tokens.map((token) => rotation.fence('shop', token)));
    await expect(rotation.fence('shop', 19)).rejects.toThrow(fenced);
    await rotation.fence('shop', 20);
  });

  it('shows quarantined servers as out, whatever their rotation', async () => {
    await rotation.set('shop', change({ web1: false, web2: true }), 1);
    await db.dataSource.query(
      `insert into coordinator.server_status (pod, server, quarantined, updated_at)
       values ('shop', 'web1', true, now()), ('shop', 'web2', true, now()), ('shop', 'web3', false, now())`,
    );
    expect(await out()).toEqual(['shop/web1', 'shop/web2']);
    expect(await rotation.inRotation('shop', ['web2', 'web3'])).toEqual(['web2', 'web3']);
  });
});

describe('Rotation.settled', () => {
  const db = useDatabase();
  let rotation: Rotation;
  beforeEach(() => {
    rotation = new Rotation(db.dataSource);
  });
  const settled = (generation: number, timeoutMs: number, servers = ['web1']) =>
    rotation.settled('shop', servers, generation, timeoutMs);

  it('waits for nobody where there is no gateway', async () => {
    expect(await settled(5, 60_000)).toEqual({ acknowledged: true, running: 0 });
  });

  it('waits until every live gateway follows', async () => {
    await rotation.acknowledge('g1', 5, {});
    await rotation.acknowledge('g2', 4, {});
    expect(await settled(5, 0)).toEqual({ acknowledged: false, running: 0 });
    const waiting = settled(5, 60_000);
    await rotation.acknowledge('g2', 5, {});
    expect(await waiting).toEqual({ acknowledged: true, running: 0 });
  });

  it('waits until no access runs on the servers named, on any gateway', async () => {
    await rotation.acknowledge('g1', 5, { 'shop/web1': 2, 'shop/web2': 9, 'blog/web1': 9 });
    await rotation.acknowledge('g2', 5, { 'shop/web1': 1 });
    expect(await settled(5, 0)).toEqual({ acknowledged: true, running: 3 });
    const waiting = settled(5, 60_000);
    await rotation.acknowledge('g1', 5, { 'shop/web2': 9 });
    await rotation.acknowledge('g2', 6, {});
    expect(await waiting).toEqual({ acknowledged: true, running: 0 });
  });

  it('tells what still runs when the time is over', async () => {
    await rotation.acknowledge('g1', 5, { 'shop/web1': 2 });
    expect(await settled(5, 30)).toEqual({ acknowledged: true, running: 2 });
  });

  it('does not wait for a gateway that is gone, or that has left', async () => {
    await rotation.acknowledge('dead', 1, { 'shop/web1': 4 });
    await rotation.acknowledge('leaving', 1, { 'shop/web1': 4 });
    await db.dataSource.query(
      `update ingress.gateways set seen_at = now() - $1 * interval '1 millisecond' where id = 'dead'`,
      [GATEWAY_GONE_MS + 1],
    );
    expect(await settled(5, 0)).toEqual({ acknowledged: false, running: 4 });
    await rotation.leave('leaving');
    expect(await settled(5, 0)).toEqual({ acknowledged: true, running: 0 });
  });

  it('counts the accesses of all living gateways by server', async () => {
    await rotation.acknowledge('g1', 5, { 'shop/web1': 2, 'shop/web2': 9, 'shop2/web1': 9 });
    await rotation.acknowledge('g2', 5, { 'shop/web1': 1 });
    await rotation.acknowledge('dead', 5, { 'shop/web3': 4 });
    await db.dataSource.query(
      `update ingress.gateways set seen_at = now() - $1 * interval '1 millisecond' where id = 'dead'`,
      [GATEWAY_GONE_MS + 1],
    );
    expect([...(await rotation.running('shop'))].toSorted()).toEqual([
      ['web1', 3],
      ['web2', 9],
    ]);
    expect(await rotation.running('blog')).toEqual(new Map());
  });

  it('stops when it is told to', async () => {
    await rotation.acknowledge('g1', 1, {});
    const stop = new AbortController();
    const waiting = rotation.settled('shop', [], 5, 60_000, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
