import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { expect, it } from 'vitest';
import { NodeSshHostSessions } from '@podway/hosts';
import { noStepLog, TreeStateDriver, type ServerTarget, type StepContext } from '@podway/state';
import { eventually } from '../../test/machine.js';
import { startDebianServers } from './debian-servers.js';

const driver = new TreeStateDriver();
const context = (fencingToken: number): StepContext => ({
  deploymentId: ulid(),
  fencingToken,
  log: noStepLog,
  progress: () => undefined,
});

async function newTree(target: ServerTarget, ctx: StepContext, content: string) {
  const { dir } = await driver.beginStage(target, ctx, { copy: 'full' });
  await target.session.exec(['sh', '-c', 'cat >"$1/index.html"', 'sh', dir], { stdin: content });
  const { fingerprint } = await driver.commitStage(target, ctx, { dir, treeId: ctx.deploymentId });
  return { treeId: ctx.deploymentId, fingerprint };
}

it('the watchdog of a server that nobody reaches is run by Debian’s cron at the boot', async () => {
  const all = await startDebianServers({ names: ['canary'] });
  const [sessions, later] = [new NodeSshHostSessions(), new NodeSshHostSessions()];
  try {
    const server = all.at(0);
    const session = await sessions.session(server.spec());
    const target: ServerTarget = { session, path: server.path, state: { driver: 'tree' } };
    const live = () => readlink(join(server.root, server.path, 'current'));
    await driver.prepare(target);
    const good = await newTree(target, context(1), 'good');
    await driver.switchTo(target, context(1), good);
    const before = await live();

    const ctx = context(2);
    await driver.snapshot(target, ctx, { watchdogMs: 3_600_000 });
    await driver.switchTo(target, ctx, { ...(await newTree(target, ctx, 'bad')), watchdogMs: 3_600_000 });
    expect(await live()).not.toBe(before);
    expect(await readdir(join(server.root, 'etc/cron.d'))).toContainEqual(
      expect.stringMatching(/^podway-watchdog-/),
    );

    await server.partition();
    await server.reboot();
    await eventually(async () => expect(await live()).toBe(before));
    await server.heal();
    // The old connection was not told of the reboot.
    const fresh = { ...target, session: await later.session(server.spec()) };
    expect(await driver.disarmWatchdog(fresh, ctx.deploymentId)).toBe('fired');
  } finally {
    await later.close();
    await sessions.close();
    await all.stop();
  }
}, 600_000);
