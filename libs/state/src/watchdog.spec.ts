import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../test/eventually.js';
import {
  callScript,
  context,
  newTree,
  processesOf,
  treeServer,
  type TreeServer,
} from '../test/tree-server.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const MINUTE = 60_000;
const OTHER_BOOT = '00000000-0000-0000-0000-000000000002';
type Tree = { treeId: string; fingerprint: string };
let server: TreeServer;
let ctx = context(2);
let old: Tree;
let bad: Tree;

beforeEach(async () => {
  server = await treeServer();
  await driver.prepare(server);
  const before = context(1);
  old = await newTree(driver, server, before, { a: 'old' });
  await driver.switchTo(server, before, old);
  await driver.complete(server, before, old);
  ctx = context(2);
  await driver.snapshot(server, ctx, { watchdogMs: MINUTE });
  bad = await newTree(driver, server, ctx, { a: 'bad' });
  await driver.switchTo(server, ctx, bad);
});
afterEach(() => server.remove());

const live = async () => (await driver.inspect(server)).liveTreeId;
const tick = () => callScript(server, 'watchdog-tick');
const disarm = () => driver.disarmWatchdog(server, ctx.deploymentId);
const loops = () =>
  processesOf(`${server.path} watchdog-loop`).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sh\0'),
  );

async function killLoops(): Promise<void> {
  await eventually(() => {
    for (const pid of loops()) process.kill(pid, 'SIGKILL');
    expect(loops()).toEqual([]);
  });
}

describe('expiry', () => {
  it('puts the previous tree back by itself, and says so', async () => {
    server.bootedSince(1000 + 61);
    await eventually(async () => expect(await live()).toBe(old.treeId));
    await eventually(async () => {
      const { restoredByWatchdog, watchdog } = await driver.inspect(server);
      expect([restoredByWatchdog, watchdog]).toEqual([[ctx.deploymentId], undefined]);
    });
    expect(await disarm()).toBe('fired');
    await eventually(() => expect(loops()).toEqual([]));
  });

  it('does nothing before its time', async () => {
    server.bootedSince(1000 + 59);
    await tick();
    expect(await live()).toBe(bad.treeId);
    expect((await driver.inspect(server)).watchdog).toEqual({
      deploymentId: ctx.deploymentId,
      remainingMs: 1000,
    });
  });

  it('comes later when the watchdog is fed', async () => {
    server.bootedSince(1050);
    await driver.feedWatchdog(server, ctx, { watchdogMs: MINUTE });
    server.bootedSince(1109);
    await tick();
    expect(await live()).toBe(bad.treeId);
    server.bootedSince(1110);
    await tick();
    expect(await live()).toBe(old.treeId);
  });

  it('is final: feeding, arming and switching come too late', async () => {
    await killLoops();
    server.bootedSince(2000);
    for (const late of [
      () => driver.feedWatchdog(server, ctx, { watchdogMs: MINUTE }),
      () => driver.snapshot(server, ctx, { watchdogMs: MINUTE }),
      () => driver.switchTo(server, ctx, bad),
      () => driver.switchTo(server, ctx, { ...bad, watchdogMs: MINUTE }),
    ]) {
      await expect(late()).rejects.toMatchObject({ code: 'STATE.WATCHDOG_FIRED', retryable: false });
      expect(await live()).toBe(old.treeId);
    }
    expect(await driver.restore(server, ctx, { ...old, discard: bad.treeId })).toEqual({ changed: false });
  });

  it('runs the POD’s reload', async () => {
    await disarm();
    const log = server.file('log');
    const reloading = {
      ...server,
      state: { ...server.state, reload: ['sh', '-c', 'cat a >>"$1"', 'sh', log] },
    };
    const next = context(3);
    await driver.snapshot(reloading, next, { watchdogMs: MINUTE });
    const worse = await newTree(driver, server, next, { a: 'worse' });
    await driver.switchTo(reloading, next, worse);
    server.bootedSince(3000);
    await eventually(() => expect(readFileSync(log, 'utf8')).toBe('worsebad'));
  });

  it('is armed in the first second after a boot, too', async () => {
    await disarm();
    server.bootedSince(0.89);
    const next = context(3);
    await driver.switchTo(server, next, { ...old, watchdogMs: MINUTE });
    const { deploymentId } = next;
    expect((await driver.inspect(server)).watchdog).toEqual({ deploymentId, remainingMs: MINUTE });
  });

  it('follows the uptime, not the clock', async () => {
    const armed = readFileSync(server.file('.podway/watchdog/armed'), 'utf8');
    expect(armed).toBe(`${ctx.deploymentId}\t${old.treeId}\t00000000-0000-0000-0000-000000000001\t1060000\n`);
  });
});

describe('a reboot', () => {
  it('puts the previous tree back, whatever the deadline', async () => {
    await killLoops();
    server.bootedSince(3, OTHER_BOOT);
    expect((await callScript(server, 'boot')).code).toBe(0);
    expect(await live()).toBe(old.treeId);
    expect(await disarm()).toBe('fired');
  });

  it('changes nothing when nothing is armed', async () => {
    await disarm();
    server.bootedSince(3, OTHER_BOOT);
    await callScript(server, 'boot');
    expect(await live()).toBe(bad.treeId);
  });

  it('is noticed by a late disarming, even without a boot hook', async () => {
    await killLoops();
    server.bootedSince(3, OTHER_BOOT);
    expect(await disarm()).toBe('fired');
    expect(await live()).toBe(old.treeId);
  });
});

describe('a killed loop', () => {
  it('is started again by the boot verb', async () => {
    await killLoops();
    await callScript(server, 'boot');
    await eventually(() => expect(loops()).toHaveLength(1));
    expect(await live()).toBe(bad.treeId);
    server.bootedSince(2000);
    await eventually(async () => expect(await live()).toBe(old.treeId));
  });

  it('is started again by feeding', async () => {
    await killLoops();
    await driver.feedWatchdog(server, ctx, { watchdogMs: MINUTE });
    await eventually(() => expect(loops()).toHaveLength(1));
  });
});

it('has one loop only, however often it is armed', async () => {
  for (let i = 0; i < 5; i++) await driver.feedWatchdog(server, ctx, { watchdogMs: MINUTE });
  await driver.switchTo(server, ctx, { ...bad, watchdogMs: MINUTE });
  await eventually(() => expect(loops()).toHaveLength(1));
});

describe('disarming', () => {
  it('is final, and may be repeated', async () => {
    expect([await disarm(), await disarm()]).toEqual(['disarmed', 'not-armed']);
    server.bootedSince(5000);
    await tick();
    expect(await live()).toBe(bad.treeId);
    await eventually(() => expect(loops()).toEqual([]));
  });

  it('says that it came too late, also twice', async () => {
    await killLoops();
    server.bootedSince(1061);
    expect([await disarm(), await disarm()]).toEqual(['fired', 'fired']);
    expect(await live()).toBe(old.treeId);
  });

  it('concerns its own deployment only', async () => {
    expect(await driver.disarmWatchdog(server, context(1).deploymentId)).toBe('not-armed');
    expect((await driver.inspect(server)).watchdog?.deploymentId).toBe(ctx.deploymentId);
  });

  it('is not undone by feeding', async () => {
    await disarm();
    await expect(driver.feedWatchdog(server, ctx, { watchdogMs: MINUTE })).rejects.toMatchObject({
      code: 'STATE.WATCHDOG_NOT_ARMED',
    });
  });
});

describe('what it goes back to', () => {
  it('stays the state before the deployment, however often it is armed', async () => {
    await driver.switchTo(server, ctx, { ...bad, watchdogMs: MINUTE });
    await driver.snapshot(server, ctx, { watchdogMs: MINUTE });
    server.bootedSince(2000);
    await tick();
    expect(await live()).toBe(old.treeId);
  });

  it('is never what another deployment left unproved', async () => {
    const next = context(3);
    await driver.snapshot(server, next, { watchdogMs: MINUTE });
    server.bootedSince(2000);
    await tick();
    expect(await live()).toBe(old.treeId);
    expect((await driver.inspect(server)).restoredByWatchdog).toEqual([next.deploymentId]);
  });

  it('may be the state without a release', async () => {
    const empty = await treeServer();
    await driver.prepare(empty);
    const first = context(1);
    await driver.snapshot(empty, first, { watchdogMs: MINUTE });
    await driver.switchTo(empty, first, await newTree(driver, empty, first, { a: '1' }));
    empty.bootedSince(2000);
    await callScript(empty, 'watchdog-tick');
    expect(existsSync(empty.file('current'))).toBe(false);
    expect(await driver.disarmWatchdog(empty, first.deploymentId)).toBe('fired');
    empty.remove();
  });
});

describe('the boot hook', () => {
  const cron = () => readdirSync(`${server.folder}/etc/cron.d`);

  it('is a table of cron while armed', async () => {
    const [name = ''] = cron();
    expect(cron()).toEqual([expect.stringMatching(/^podway-watchdog-[0-9a-f]{16}$/)]);
    expect(readFileSync(`${server.folder}/etc/cron.d/${name}`, 'utf8')).toBe(
      `@reboot root /bin/sh '${server.path}/.podway/bin/podway-host' '${server.path}' boot\n`,
    );
    await disarm();
    expect(cron()).toEqual([]);
  });

  it('is a unit where systemd runs, and goes when the watchdog has fired', async () => {
    await disarm();
    const units = `${server.folder}/etc/systemd/system`;
    mkdirSync(units, { recursive: true });
    mkdirSync(`${server.folder}/run/systemd/system`, { recursive: true });
    const next = context(3);
    await driver.snapshot(server, next, { watchdogMs: MINUTE });
    const [unit = ''] = readdirSync(units).filter((name) => name.endsWith('.service'));
    expect(statSync(`${units}/sysinit.target.wants/${unit}`).isFile()).toBe(true);
    const command = `ExecStart=/bin/sh "${server.path}/.podway/bin/podway-host" "${server.path}" boot`;
    expect(readFileSync(`${units}/${unit}`, 'utf8')).toContain(command);
    server.bootedSince(2000);
    await tick();
    expect(readdirSync(units)).toEqual(['sysinit.target.wants']);
    expect(next.messages).toEqual([]);
  });

  it('is missed out loud', async () => {
    await disarm();
    rmSync(`${server.folder}/etc`, { recursive: true });
    const next = context(3);
    await driver.snapshot(server, next, { watchdogMs: MINUTE });
    expect(next.messages).toEqual([
      'server-1 has neither systemd nor cron: its watchdog does not outlive a reboot',
    ]);
  });
});
