import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatePart } from '@podway/contracts';
import { engines, makeShop, shopPart } from '../test/database-kit.js';
import type { DatabaseProduct } from '../test/database-server.js';
import { podScene } from '../test/pod-scene.js';
import { context, type TreeServer } from '../test/tree-server.js';

const ADD = `INSERT INTO orders (what, price) VALUES ('written', 1), ('written', 1);`;

describe.each(engines)('$engine: what users have written', ({ engine, start }) => {
  let product: DatabaseProduct;
  beforeAll(() => {
    product = start();
  });
  afterAll(() => product.remove());

  const pod = podScene(() => shopPart(product, engine, { content: ['versions'] }));
  const write = (server: TreeServer) => product.sql(server, ADD, 'shop');
  const written = (server: TreeServer) =>
    product.sql(server, `SELECT count(*) FROM orders WHERE what = 'written'`, 'shop').trim();

  it('is put back with all rows, also those that nothing is compared by, once', async () => {
    const was = await pod.look(pod.canary);
    const { ctx, snapshot, release } = await pod.install(1, () => write(pod.canary));
    expect(release.fingerprint).not.toBe(snapshot.fingerprint);
    expect(await pod.look(pod.canary)).not.toBe(was);
    const back = { ...snapshot, discard: release.treeId };
    expect(await pod.driver.restore(pod.canary, ctx, back)).toEqual({ changed: true });
    expect(await pod.look(pod.canary)).toBe(was);
    // The server is in rotation again when a second copy of the command comes.
    write(pod.canary);
    expect(await pod.driver.restore(pod.canary, ctx, back)).toEqual({ changed: false });
    expect(written(pod.canary)).toBe('2');
  });

  it('stays where the update changes no data; else the other server gets those of the canary', async () => {
    write(pod.other);
    await pod.replicate(await pod.install(1, () => undefined));
    expect(written(pod.other)).toBe('2');
    expect(written(pod.canary)).toBe('0');
    const second = await pod.install(2, () => product.sql(pod.canary, `DELETE FROM orders`, 'shop'));
    await pod.replicate(second);
    expect(product.sql(pod.other, 'SELECT count(*) FROM orders', 'shop').trim()).toBe('0');
    // A second copy of the command, when the server is in rotation.
    write(pod.other);
    const again = { ...second.release, ...pod.watchdog };
    expect(await pod.driver.switchTo(pod.other, second.ctx, again)).toEqual({ changed: false });
    expect(written(pod.other)).toBe('2');
  });

  it('is not lost without an operator who accepts it, on any server', async () => {
    const was = await pod.look(pod.other);
    const update = await pod.install(1, () => product.sql(pod.canary, 'DELETE FROM orders', 'shop'));
    await pod.replicate(update);
    const back = { ...update.snapshot, discard: update.release.treeId };
    for (const server of [pod.canary, pod.other]) {
      write(server);
      const shown = await pod.look(server);
      await expect(pod.driver.restore(server, update.ctx, back)).rejects.toMatchObject({
        code: 'STATE.LOSS_WINDOW',
        retryable: false,
        message: expect.stringMatching(
          /part shop: users have written from 20[0-9T:Z-]+ to 20[0-9T:Z-]+.*orders \(\+2 rows\)/,
        ) as string,
      });
      expect(await pod.look(server)).toBe(shown);
      expect((await pod.driver.inspect(server)).liveTreeId).toBe(update.release.treeId);
      await pod.driver.restore(server, update.ctx, { ...back, acceptLoss: true });
      expect(await pod.look(server)).toBe(was);
    }
  });

  it('is nothing where only Podway wrote: the restore goes on by itself', async () => {
    const was = await pod.look(pod.other);
    const update = await pod.install(1, () => product.sql(pod.canary, 'DELETE FROM orders', 'shop'));
    await pod.replicate(update);
    const back = { ...update.snapshot, discard: update.release.treeId };
    for (const server of [pod.other, pod.canary]) {
      expect(await pod.driver.restore(server, update.ctx, back)).toEqual({ changed: true });
      expect(await pod.look(server)).toBe(was);
    }
  });

  it('may be anything on the only server of a POD, which is never drained, unless writes are fenced', async () => {
    const canary = { ...pod.canary, writes: 'open' } as const;
    const was = await pod.look(canary);
    const { ctx, snapshot } = await pod.install(1, () => write(canary), canary);
    await expect(pod.driver.restore(canary, ctx, snapshot)).rejects.toMatchObject({
      code: 'STATE.LOSS_WINDOW',
    });
    expect(written(canary)).toBe('2');
    await pod.driver.restore({ ...canary, writes: 'fenced' }, ctx, snapshot);
    expect(await pod.look(canary)).toBe(was);
  });

  it('keeps a server from going back to an earlier release by itself', async () => {
    const first = await pod.install(1, () => pod.kit.become(pod.canary, 'new'));
    await pod.driver.open(pod.canary, first.ctx);
    await pod.complete(first);
    product.sql(pod.canary, 'INSERT INTO versions VALUES (2)', 'shop');
    const second = await pod.install(2, () => pod.kit.become(pod.canary, 'other'));
    await pod.driver.open(pod.canary, second.ctx);
    await pod.complete(second);
    const shown = await pod.look(pod.canary);
    const ctx = context(3);
    await pod.driver.snapshot(pod.canary, ctx, pod.watchdog);
    await expect(pod.driver.switchTo(pod.canary, ctx, first.release)).rejects.toMatchObject({
      code: 'STATE.LOSS_WINDOW',
    });
    expect(await pod.look(pod.canary)).toBe(shown);
    const accepted = { ...first.release, acceptLoss: true };
    expect(await pod.driver.switchTo(pod.canary, ctx, accepted)).toEqual({ changed: true });
    expect(await pod.driver.fingerprint(pod.canary, undefined)).toEqual(first.release);
  });

  it('is safe from a dump that does not give what was recorded', async () => {
    const { ctx, snapshot } = await pod.install(1, () => pod.kit.become(pod.canary, 'new'));
    const dump = join(pod.folder(pod.canary), 'records', `before.${ctx.deploymentId}`, 'dump');
    const shown = await pod.look(pod.canary);
    truncateSync(dump, 3_000);
    await expect(pod.driver.restore(pod.canary, ctx, snapshot)).rejects.toMatchObject({
      code: expect.stringMatching(/^STATE\.(PART_FAILED|FINGERPRINT_MISMATCH)$/) as string,
    });
    expect(await pod.look(pod.canary)).toBe(shown);
  });

  it('a database that was not there is one that goes again', async () => {
    product.sql(pod.other, 'DROP DATABASE shop');
    const update = await pod.install(1, () => pod.kit.become(pod.canary, 'new'));
    if (engine === 'postgresql') product.sql(pod.other, 'ALTER ROLE reader NOLOGIN');
    await pod.replicate(update);
    expect(await pod.look(pod.other)).toBe(await pod.look(pod.canary));
    const empty = { fingerprint: '' };
    await expect(pod.driver.restore(pod.other, update.ctx, empty)).rejects.toMatchObject({
      code: 'STATE.FINGERPRINT_MISMATCH',
    });
    expect(() => product.sql(pod.other, 'SELECT 1', 'shop')).toThrow();
  });

  it('one that all servers share is recorded and put back on the canary only', async () => {
    const socket = join(pod.canary.folder, 'sockets');
    const own = engine === 'mariadb' ? `${socket}/mariadb.sock` : socket;
    const parts: StatePart[] = [{ ...pod.kit.part, scope: 'pod', socket: own }];
    const canary = { ...pod.canary, state: { driver: 'tree', parts }, writes: 'fenced' } as const;
    const other = { ...pod.other, state: { driver: 'tree', parts }, writes: 'fenced' } as const;
    const was = await pod.look(canary);
    const update = await pod.install(1, () => pod.kit.become(canary, 'new'), canary);
    const shown = await pod.look(canary);
    await pod.driver.stageFrom(canary, [other], update.ctx, update.release);
    await pod.driver.switchTo(other, update.ctx, { ...update.release, ...pod.watchdog });
    expect(await pod.look(canary)).toBe(shown);
    expect(await pod.driver.fingerprint(other, undefined)).toEqual(update.release);
    const record = join(pod.folder(other), 'records', update.release.treeId);
    expect(existsSync(join(record, 'fingerprint'))).toBe(true);
    expect(existsSync(join(record, 'dump'))).toBe(false);
    await pod.driver.restore(canary, update.ctx, update.snapshot);
    await pod.driver.restore(other, update.ctx, update.snapshot);
    expect(await pod.look(canary)).toBe(was);
    expect(await pod.driver.fingerprint(other, undefined)).toEqual(update.snapshot);
  });

  it('what was cut while it was put back is finished before anything else is believed', async () => {
    const was = await pod.look(pod.canary);
    const { ctx, snapshot } = await pod.install(1, () => write(pod.canary));
    // As a call leaves it that ends after it has emptied the database.
    makeShop(product, engine, pod.canary, 'CREATE TABLE half (a int)');
    writeFileSync(join(pod.folder(pod.canary), 'putting'), `before.${ctx.deploymentId}\n`);
    const next = context(2);
    expect((await pod.driver.snapshot(pod.canary, next, pod.watchdog)).fingerprint).not.toBe('');
    expect(await pod.look(pod.canary)).toBe(was);
    await pod.driver.restore(pod.canary, { ...ctx, fencingToken: 2 }, snapshot);
    expect(await pod.look(pod.canary)).toBe(was);
    rmSync(join(pod.folder(pod.canary), 'putting'), { force: true });
  });
});
