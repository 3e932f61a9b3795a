import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { btrfsServer, LOOK_AT_VOLUME, volumeVersions } from '../test/btrfs-server.js';
import { documentedPart } from '../test/documented-part.js';
import { keepsThePromiseOfParts } from '../test/part-contract.js';
import { onServer, systemFolder } from '../test/system-folder.js';
import { context, newTree, type TreeServer } from '../test/tree-server.js';
import { before } from './part-calls.js';
import { StateSetDriver } from './state-set-driver.js';

const system = systemFolder();

keepsThePromiseOfParts('volume', () =>
  Promise.resolve({
    part: documentedPart('data', { '/srv/data': join(system.path, 'data') }),
    newServer: (state, name) => btrfsServer(state, name, system.path),
    heals: true,
    async become(server, version) {
      await onServer(server, system.path, volumeVersions[version]);
    },
    look: (server) => onServer(server, system.path, LOOK_AT_VOLUME),
  }),
);

describe('volume', () => {
  const driver = new StateSetDriver();
  const watchdog = { watchdogMs: 600_000 };
  const servers: TreeServer[] = [];
  let canary: TreeServer;

  async function server(name: string): Promise<TreeServer> {
    const part = { name: 'data', driver: 'volume' as const, path: join(system.path, 'data') };
    const made = await btrfsServer({ parts: [part] }, name, system.path);
    servers.push(made);
    return made;
  }
  const become = (version: keyof typeof volumeVersions, on = canary) =>
    onServer(on, system.path, volumeVersions[version]);
  const look = (on = canary) => onServer(on, system.path, LOOK_AT_VOLUME);
  const hidden = (on: TreeServer) => {
    const folder = join(on.folder, '../.podway-volumes');
    return readdirSync(folder).flatMap((part) => readdirSync(join(folder, part)));
  };

  beforeEach(async () => {
    canary = await server('canary');
  });
  afterEach(() => {
    for (const one of servers.splice(0)) one.remove();
  });

  /** A first and a second release; resolves with what each cost to carry to the other server. */
  async function release(other: TreeServer, token: number, script: string): Promise<number> {
    const ctx = context(token);
    await driver.snapshot(canary, ctx, watchdog);
    await onServer(canary, system.path, script);
    const made = await newTree(driver, canary, ctx, { page: String(token) });
    await driver.switchTo(canary, ctx, made);
    const { results, bytesSent } = await driver.stageFrom(canary, [other], ctx, made);
    expect(results.get('other')).toEqual({ ok: true });
    await driver.switchTo(other, ctx, { ...made, ...watchdog });
    expect(await look(other)).toBe(await look());
    for (const one of [canary, other]) {
      await driver.disarmWatchdog(one, ctx.deploymentId);
      await driver.complete(one, ctx, made);
    }
    return bytesSent;
  }

  it('is there on a server that had none, and only what differs is sent to one that had it', async () => {
    const other = await server('other');
    for (const one of [canary, other]) await driver.prepare(one);
    await become('old');
    const whole = await release(other, 1, 'head -c 3000000 /dev/urandom >"$1/data/noise"');
    expect(whole).toBeGreaterThan(3_000_000);
    const difference = await release(other, 2, 'echo x >"$1/data/small"');
    expect(difference).toBeLessThan(100_000);
    // Nothing but the records of the two releases, and of what was there before the second.
    expect(hidden(canary).length).toBe(3);
  });

  it('goes back to there being none', async () => {
    await driver.prepare(canary);
    const ctx = context(1);
    const snapshot = await driver.snapshot(canary, ctx, watchdog);
    await become('old');
    await driver.restore(canary, ctx, snapshot);
    expect(existsSync(join(canary.folder, '../data'))).toBe(false);
  });

  it('is sent whole to where only a folder of the file system is mounted', async () => {
    const { session } = await server('other');
    const inside = 'mkdir -p "$1/inside"; mount --bind "$1/inside" "$1"; shift; exec "$@"';
    const other = {
      ...servers[1],
      session: {
        server: session.server,
        exec: (argv: readonly string[], options?: object) =>
          session.exec(['sh', '-ec', inside, 'test', system.path, ...argv], options),
        stream: (argv: readonly string[], options?: object) =>
          session.stream(['sh', '-ec', inside, 'test', system.path, ...argv], options),
      },
    } as TreeServer;
    for (const one of [canary, other]) await driver.prepare(one);
    await become('old');
    for (const token of [1, 2]) {
      const sent = await release(other, token, 'head -c 3000000 /dev/urandom >"$1/data/noise"');
      expect(sent).toBeGreaterThan(3_000_000);
    }
  });

  it('refuses what a snapshot does not hold', async () => {
    await driver.prepare(canary);
    await become('old');
    await onServer(canary, system.path, 'btrfs subvolume create "$1/data/inner" >&2');
    await expect(driver.snapshot(canary, context(1), watchdog)).rejects.toMatchObject({
      code: 'STATE.PART_FAILED',
      message: expect.stringContaining('subvolumes below') as string,
    });
  });

  it('puts back a volume in which the site has made subvolumes since', async () => {
    await driver.prepare(canary);
    await become('old');
    const was = await look();
    const ctx = context(1);
    const snapshot = await driver.snapshot(canary, ctx, watchdog);
    await onServer(
      canary,
      system.path,
      'btrfs subvolume create "$1/data/inner" >&2; btrfs subvolume create "$1/data/inner/most" >&2; echo x >"$1/data/inner/most/y"',
    );
    await driver.restore(canary, ctx, snapshot);
    expect(await look()).toBe(was);
    expect(hidden(canary)).toEqual([before(ctx.deploymentId)]);
  });

  it.each([
    ['a folder', 'mkdir -p "$1/data"', 'is not a btrfs subvolume'],
    ['a mounted place', 'mkdir -p "$1/data" "$1/x"; mount --bind "$1/x" "$1/data"', 'is mounted'],
  ])('is not %s', async (_, script, problem) => {
    const { session } = canary;
    const mounting = {
      ...canary,
      session: {
        ...session,
        exec: (argv: readonly string[], options?: object) =>
          session.exec(['sh', '-ec', `${script}; shift; exec "$@"`, 'test', system.path, ...argv], options),
      },
    };
    await expect(driver.prepare(mounting)).rejects.toMatchObject({
      code: 'STATE.LAYOUT',
      message: expect.stringContaining(problem) as string,
    });
  });

  it('is not on another file system', async () => {
    const parts = [{ name: 'data', driver: 'volume' as const, path: '/proc/podway' }];
    await expect(driver.prepare({ ...canary, state: { driver: 'tree', parts } })).rejects.toMatchObject({
      code: 'STATE.LAYOUT',
    });
  });
});
