import { CanaryLost, HoldCanary, type PodwayError } from '@podway/contracts';
import { StepWorld } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { Holding } from './holding.js';

function scene() {
  const world = new StepWorld({ policy: { watchdogMs: 60_000 } });
  const work = new Holding(world.servers, world.driver);
  const command = world.command(HoldCanary, { step: 'AwaitingApproval', canary: 'web1' });
  world.installedOn('web1');
  return { world, work, command, run: () => work.execute(command, world.context(command)) };
}

describe('Holding', () => {
  it('gives the watchdog more time, changes nothing else, and says when to come again', async () => {
    const { world, run } = scene();
    expect(await run()).toMatchObject({ step: 'AwaitingApproval', attempt: 1, againInMs: 20_000 });
    expect(world.journal).toEqual(['feed web1']);
    expect(world.inRotation()).toEqual(['web2', 'web3']);
  });

  it('tells of a canary that has restored itself, or that nobody holds', async () => {
    const { world, work, command, run } = scene();
    world.host('web1').fired = true;
    await expect(run()).rejects.toMatchObject({ code: 'STATE.WATCHDOG_FIRED' });
    world.host('web1').fired = false;
    world.host('web1').armed = undefined;
    const error = await run().catch((caught: unknown) => caught as PodwayError);
    expect(error).toMatchObject({ code: 'STATE.WATCHDOG_NOT_ARMED' });
    const lost = work.failed(command, error as PodwayError);
    expect(lost).toBeInstanceOf(CanaryLost);
    expect(lost).toMatchObject({ server: 'web1', code: 'STATE.WATCHDOG_NOT_ARMED' });
  });

  it('is tried again while the canary cannot be reached', async () => {
    const { world, run } = scene();
    world.host('web1').reachable = false;
    await expect(run()).rejects.toMatchObject({ code: 'HOST.UNREACHABLE', retryable: true });
  });
});
