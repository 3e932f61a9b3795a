import { PodwayError, VerifyServer } from '@podway/contracts';
import { StepWorld } from '@podway/testing/steps';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withWatchdogFed } from './with-watchdog-fed.js';

async function scene(watchdogMs = 10_000) {
  const world = new StepWorld();
  world.installedOn('web1');
  const server = await world.servers.connect(world.pod, 'web1');
  const command = world.command(VerifyServer, {
    ...{ step: 'Verifying', canary: 'web1', source: { kind: 'artifact', artifact: 'a'.repeat(64) } },
    ...world.new,
  });
  const context = world.context(command);
  const fed = (work: (signal: AbortSignal) => Promise<unknown>) =>
    withWatchdogFed(world.driver, server, context, { watchdogMs, pauseMs: 10 }, work);
  const feeds = (): number => world.journal.filter((what) => what === 'feed web1').length;
  return { world, host: world.host('web1'), fed, feeds, context };
}

const forEver = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
  });

describe('a watchdog that is fed', () => {
  it('is fed before the work, during it and not after it', async () => {
    const { fed, feeds } = await scene();
    const result = await fed(async () => {
      expect(feeds()).toBe(1);
      await expect.poll(feeds).toBeGreaterThan(3);
      return 'done';
    });
    expect(result).toBe('done');
    const last = feeds();
    await sleep(50);
    expect(feeds()).toBe(last);
  });

  it('is fed in time, also when it is short', async () => {
    const { fed, feeds } = await scene(60);
    await fed(() => sleep(100));
    expect(feeds()).toBeGreaterThan(2);
  });

  it('ends the work when a newer command has been here: an abort', async () => {
    const { host, fed } = await scene();
    const running = fed(forEver);
    await sleep(20);
    host.token = 11;
    await expect(running).rejects.toMatchObject({ code: 'STATE.FENCED' });
  });

  it('ends the work when it has fired', async () => {
    const { host, fed } = await scene();
    const running = fed(forEver);
    await sleep(20);
    host.fired = true;
    await expect(running).rejects.toMatchObject({ code: 'STATE.WATCHDOG_FIRED' });
  });

  it('bears a server that is away for a while, but not for longer than it waits', async () => {
    const { host, fed, feeds } = await scene(200);
    const away = new PodwayError('HOST.UNREACHABLE', 'gone', { retryable: true });
    await fed(async () => {
      host.fails('feedWatchdog', away, 3);
      await sleep(100);
    });
    expect(feeds()).toBeGreaterThan(1);
    const running = fed((signal) => {
      host.fails('feedWatchdog', away);
      return forEver(signal);
    });
    await expect(running).rejects.toMatchObject({ code: 'HOST.UNREACHABLE' });
  });

  it('leaves the reason to who gives the work up', async () => {
    const { fed, context } = await scene();
    const given = new AbortController();
    Object.assign(context, { signal: given.signal });
    const running = fed(forEver);
    given.abort(new Error('too long'));
    await expect(running).rejects.toThrow('too long');
  });
});
