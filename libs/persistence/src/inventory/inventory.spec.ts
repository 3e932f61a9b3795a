import { beforeEach, describe, expect, it } from 'vitest';
import { PodSpec, validated } from '@podway/contracts';
import { useDatabase } from '../../test/database.js';
import { Rotation } from '../rotation/rotation.js';
import { Inventory } from './inventory.js';

function pod(name: string, changes: object = {}): PodSpec {
  return validated(PodSpec, {
    ...{ name, client: 'acme', path: `/srv/${name}`, state: { driver: 'tree' } },
    servers: [{ name: 'web1', local: true, http: 'http://127.0.0.1' }],
    ...changes,
  });
}

describe('Inventory', () => {
  const db = useDatabase();
  let inventory: Inventory;
  beforeEach(() => {
    inventory = new Inventory(db.dataSource);
  });

  it('keeps every revision of a POD as it was', async () => {
    const first = pod('shop', { hosts: ['shop.example'] });
    const second = pod('shop', { path: '/srv/other' });
    expect(await inventory.apply([first], 'k1')).toEqual([{ pod: 'shop', change: 'added', revision: 1 }]);
    expect(await inventory.apply([second], 'k1')).toEqual([{ pod: 'shop', change: 'changed', revision: 2 }]);
    expect(await inventory.revision('shop', 1)).toEqual(first);
    expect(await inventory.revision('shop', 2)).toEqual(second);
    expect(await inventory.revision('shop', 3)).toBeUndefined();
    expect(await inventory.current('shop')).toEqual({ spec: second, revision: 2 });
  });

  it('makes no revision of what is the same, in whatever order it is written', async () => {
    const spec = pod('shop', {
      hosts: ['a.example', 'b.example'],
      policy: { canary: 'first', watchdogMs: 5_000 },
    });
    await inventory.apply([spec], 'k1');
    const stamp = await inventory.stamp();
    const same = validated(PodSpec, Object.fromEntries(Object.entries(spec).toReversed()));
    expect(await inventory.apply([same], 'k2')).toEqual([{ pod: 'shop', change: 'unchanged', revision: 1 }]);
    expect(await inventory.stamp()).toBe(stamp);
  });

  it('leaves PODs alone that the file does not name, unless it is to prune', async () => {
    await inventory.apply([pod('shop'), pod('blog')], 'k1');
    expect(await inventory.apply([pod('shop')], 'k1')).toHaveLength(1);
    expect(await inventory.list()).toHaveLength(2);
    expect(await inventory.apply([pod('shop')], 'k1', { prune: true })).toEqual([
      { pod: 'shop', change: 'unchanged', revision: 1 },
      { pod: 'blog', change: 'removed', revision: 1 },
    ]);
    expect((await inventory.list()).map(({ spec }) => spec.name)).toEqual(['shop']);
    expect(await inventory.current('blog')).toBeUndefined();
  });

  it('knows the revisions of a POD that was removed, and goes on from there when it comes back', async () => {
    const spec = pod('shop');
    await inventory.apply([spec], 'k1');
    await inventory.apply([], 'k1', { prune: true });
    expect(await inventory.revision('shop', 1)).toEqual(spec);
    expect(await inventory.apply([spec], 'k1')).toEqual([{ pod: 'shop', change: 'added', revision: 2 }]);
  });

  it("gives a POD's name to no other client, not even when it was removed", async () => {
    await inventory.apply([pod('shop')], 'k1');
    const foreign = pod('shop', { client: 'other' });
    await expect(inventory.apply([foreign], 'k1')).rejects.toMatchObject({ code: 'INVENTORY.OTHER_CLIENT' });
    await inventory.apply([], 'k1', { prune: true });
    await expect(inventory.apply([foreign], 'k1')).rejects.toMatchObject({ code: 'INVENTORY.OTHER_CLIENT' });
  });

  it('gives a host to one POD at a time, and tells which have it', async () => {
    await inventory.apply([pod('shop', { hosts: ['www.example', 'shop.example'] })], 'k1');
    await expect(inventory.apply([pod('blog', { hosts: ['www.example'] })], 'k1')).rejects.toMatchObject({
      code: 'INVENTORY.HOST_TAKEN',
      details: { host: 'www.example', pods: ['blog', 'shop'] },
    });
    // In one file it may go from one to the other.
    await inventory.apply([pod('blog', { hosts: ['www.example'] }), pod('shop')], 'k1');
    await inventory.apply([], 'k1', { prune: true });
    await inventory.apply([pod('news', { hosts: ['www.example'] })], 'k1');
  });

  it('applies a file as a whole or not at all', async () => {
    await inventory.apply([pod('shop')], 'k1');
    const stamp = await inventory.stamp();
    const file = [pod('blog'), pod('shop', { path: '/srv/new' }), pod('news', { hosts: ['x.example'] })];
    const clash = [...file, pod('wiki', { hosts: ['x.example'] })];
    await expect(inventory.apply(clash, 'k1', { prune: true })).rejects.toMatchObject({
      code: 'INVENTORY.HOST_TAKEN',
    });
    expect((await inventory.list()).map(({ spec }) => spec)).toEqual([pod('shop')]);
    expect(await inventory.stamp()).toBe(stamp);
  });

  it('lists by name, those of one client where asked', async () => {
    await inventory.apply([pod('shop'), pod('blog', { client: 'other' }), pod('news')], 'k1');
    const names = async (filter?: { client: string }): Promise<string[]> =>
      (await inventory.list(filter)).map(({ spec }) => spec.name);
    expect(await names()).toEqual(['blog', 'news', 'shop']);
    expect(await names({ client: 'acme' })).toEqual(['news', 'shop']);
    expect(await names({ client: 'nobody' })).toEqual([]);
  });

  it('shows each change by its stamp', async () => {
    const stamps = [await inventory.stamp()];
    const steps: [PodSpec[], boolean][] = [
      [[pod('shop'), pod('blog')], false],
      [[pod('shop', { path: '/srv/2' })], false],
      [[pod('shop', { path: '/srv/2' })], true],
      [[pod('blog')], true],
      [[pod('shop', { path: '/srv/2' })], true],
      [[], true],
    ];
    for (const [specs, prune] of steps) {
      await inventory.apply(specs, 'k1', { prune });
      stamps.push(await inventory.stamp());
    }
    expect(new Set(stamps).size).toBe(stamps.length);
  });

  it('keeps a server out that joins a POD with releases, and no other', async () => {
    const withServers = (...names: string[]): PodSpec =>
      pod('shop', { servers: names.map((name) => ({ name, local: true, http: 'http://127.0.0.1' })) });
    const rotation = new Rotation(db.dataSource);
    await inventory.apply([withServers('web1')], 'k1');
    await inventory.apply([withServers('web1', 'web2')], 'k1');
    expect((await rotation.view()).out).toEqual(new Set());
    await db.dataSource.query(
      `insert into coordinator.releases (pod, number, tree_id, fingerprint, deployment_id, publisher, created_at)
       values ('shop', 1, 'T', 'f', 'D', 'k1', now())`,
    );
    const { generation } = await rotation.view();
    await inventory.apply([withServers('web3', 'web2')], 'k1');
    const after = await rotation.view();
    expect(after.out).toEqual(new Set(['shop/web3']));
    expect(after.generation).toBeGreaterThan(generation);
    // Who comes back has missed what was released meanwhile.
    await inventory.apply([withServers('web1', 'web2')], 'k1');
    expect((await rotation.view()).out).toEqual(new Set(['shop/web1', 'shop/web3']));
  });

  it('numbers revisions without a gap when several apply at once', async () => {
    const paths = Array.from({ length: 10 }, (_, index) => `/srv/${index}`);
    const changes = await Promise.all(paths.map((path) => inventory.apply([pod('shop', { path })], 'k1')));
    const revisions = changes.map(([change]) => change?.revision ?? 0);
    expect(revisions.toSorted((a, b) => a - b)).toEqual(paths.map((_, index) => index + 1));
    for (const [index, path] of paths.entries()) {
      expect(await inventory.revision('shop', revisions[index]!)).toMatchObject({ path });
    }
  });
});
