import { ConfirmPod, PodConfirmed, PodwayError, type StepOutcome } from '@podway/contracts';
import type { Updates } from '@podway/persistence';
import { StepWorld, type StepWorldOptions } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { Confirming, DivergedError } from './confirming.js';

function scene(options?: StepWorldOptions) {
  const world = new StepWorld({
    pod: { checks: [{ probe: 'command', run: ['check'], tries: 1 }] },
    ...options,
  });
  const names = [...world.hosts.keys()];
  world.switchedOn(...names);
  const updates = { manifest: async () => undefined } as unknown as Updates;
  const work = new Confirming(world.servers, world.driver, world.balancer, updates);
  const command = world.command(ConfirmPod, {
    step: 'Confirming',
    servers: names,
    expected: 'release',
    source: { kind: 'artifact', artifact: 'a'.repeat(64) },
    ...world.new,
  });
  const run = (): Promise<StepOutcome> => work.execute(command, world.context(command));
  return { world, work, command, run };
}

async function refusal(run: Promise<unknown>): Promise<DivergedError> {
  const error: unknown = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DivergedError);
  return error as DivergedError;
}

const settling = (journal: string[]): string[] =>
  journal.filter((what) => /^(fresh|disarm|complete)/.test(what));

describe('Confirming', () => {
  it('proves all servers before the first watchdog is disarmed, over a new connection', async () => {
    const { world, run } = scene();
    const outcome = await run();
    expect(outcome).toBeInstanceOf(PodConfirmed);
    expect(outcome).toMatchObject({
      servers: ['web1', 'web2', 'web3'].map((name) => ({
        name,
        result: 'unchanged',
        fingerprint: world.new.fingerprint,
      })),
      evidence: [{ server: 'web1' }, { server: 'web2' }, { server: 'web3' }],
    });
    expect(world.journal.slice(0, 3)).toEqual(['prove web1', 'prove web2', 'prove web3']);
    for (const name of ['web1', 'web2', 'web3']) {
      const own = world.journal.filter((what) => what.endsWith(name)).slice(1);
      expect(own).toEqual([`fresh ${name}`, `disarm ${name}`, `complete ${name}`, `closed ${name}`]);
      expect(world.host(name)).toMatchObject({ armed: undefined });
      expect(world.host(name).verified).toContain(world.deploymentId);
    }
  });

  it('logs what it has found on each server', async () => {
    const { world, run } = scene();
    world.host('web2').live = world.old.treeId;
    await refusal(run());
    const of = (name: string): string[] =>
      world.log.said
        .filter(({ server }) => server === name)
        .map(({ part, level, text }) => `${part}: ${level}: ${text.split(' ')[0]}`);
    expect(of('web1')).toEqual(['command check: info: passed', 'state: info: proved:']);
    expect(of('web2')).toEqual(['state: error: CONFIRMATION.DIVERGED:']);
  });

  it('may be done again after it was cut', async () => {
    const { world, run } = scene();
    world.host('web2').fails('complete', world.host('web2').error('BUSY', 'held'), 1);
    await expect(run()).rejects.toMatchObject({ code: 'STATE.BUSY', retryable: true });
    expect(await run()).toBeInstanceOf(PodConfirmed);
    expect([...world.hosts.values()].map(({ armed }) => armed)).toEqual([undefined, undefined, undefined]);
  });

  it('closes its connections also when a server says no', async () => {
    const { world, run } = scene({ servers: 1 });
    world.host('web1').fails('disarmWatchdog', world.host('web1').error('LAYOUT', 'no'));
    await expect(run()).rejects.toMatchObject({ code: 'STATE.LAYOUT' });
    expect(world.journal.at(-1)).toBe('closed web1');
  });

  it('does not look at servers that are left out', async () => {
    const { world, command, run } = scene();
    world.host('web3').reachable = false;
    command.servers = ['web1', 'web2'];
    expect(await run()).toBeInstanceOf(PodConfirmed);
  });

  it('asks every server once: samples and comparisons were for the canary', async () => {
    const { world, run } = scene({
      policy: { verification: { metricsUrl: 'http://127.0.0.1:1' } },
      pod: {
        checks: [
          { probe: 'comparison' },
          { probe: 'metric', query: 'up', min: 1 },
          { probe: 'command', run: ['check'], samples: 50, failureLimit: 1 },
        ],
      },
    });
    let runs = 0;
    world.exec = () => ({ code: (runs += 1) < 0 ? 1 : 0, stdout: '', stderr: '' });
    expect(await run()).toMatchObject({ evidence: [{ server: 'web1' }, { server: 'web2' }, {}] });
    expect(runs).toBe(3);
  });

  it('asks no probes about the state before: it may have failed them already', async () => {
    const { world, command, run } = scene();
    for (const host of world.hosts.values()) host.live = world.old.treeId;
    Object.assign(command, { expected: 'snapshot', source: undefined, ...world.old });
    world.exec = () => ({ code: 1, stdout: '', stderr: 'broken since always' });
    const outcome = await run();
    expect(outcome).toBeInstanceOf(PodConfirmed);
    expect(outcome).toMatchObject({ evidence: [] });
  });

  it('confirms servers that held no release', async () => {
    const { world, command, run } = scene();
    for (const host of world.hosts.values()) host.live = undefined;
    const { fingerprint } = await world.driver.fingerprint(
      await world.servers.connect(world.pod, 'web1'),
      undefined,
    );
    Object.assign(command, { expected: 'snapshot', source: undefined, treeId: undefined, fingerprint });
    world.journal.length = 0;
    expect(await run()).toBeInstanceOf(PodConfirmed);
    expect(world.journal.filter((what) => what.startsWith('complete'))).toEqual([]);
  });

  it('after a roll-back, a watchdog that fired has only done the same', async () => {
    const { world, command, run } = scene();
    for (const host of world.hosts.values()) host.live = world.old.treeId;
    world.host('web1').fired = true;
    Object.assign(command, { expected: 'snapshot', source: undefined, ...world.old });
    expect(await run()).toBeInstanceOf(PodConfirmed);
  });
});

describe('Confirming, when a server is not as expected', () => {
  it.each([
    ['it is on another tree', 'CONFIRMATION.DIVERGED', /^web2: expected \w{64}, found \w{64}$/],
    ['it is not in rotation', 'CONFIRMATION.NOT_IN_ROTATION', /^web2: the server is not in rotation$/],
    ['a check fails', 'CONFIRMATION.PROBE_FAILED', /^web2: command check: failed: exit code 1$/],
    ['a check breaks', 'CONFIRMATION.PROBE_ERROR', /^web2: command check: error: /],
  ])('%s: no watchdog is disarmed, anywhere', async (what, code, detail) => {
    const { world, work, command, run } = scene();
    if (what.includes('tree')) world.host('web2').live = world.old.treeId;
    if (what.includes('rotation')) world.balancer.out.add('web2');
    if (what.includes('check')) {
      const wrong = what.includes('fails') ? 1 : 127;
      world.exec = (server) => ({ code: server === 'web2' ? wrong : 0, stdout: '', stderr: '' });
    }
    const error = await refusal(run());
    expect(error.retryable).toBe(false);
    expect(settling(world.journal)).toEqual([]);
    expect(work.failed(command, error)).toMatchObject({
      code,
      detail: expect.stringMatching(detail) as string,
      server: 'web2',
      servers: [
        { name: 'web1', result: 'unchanged' },
        { name: 'web2', result: 'failed', code },
        { name: 'web3', result: 'unchanged' },
      ],
    });
  });

  it('tries again when it could only not reach one, and in the end tells what it knows of each', async () => {
    const { world, work, command, run } = scene();
    world.host('web2').reachable = false;
    const error = await refusal(run());
    expect(error).toMatchObject({ code: 'HOST.UNREACHABLE', retryable: true });
    expect(settling(world.journal)).toEqual([]);
    expect(work.failed(command, error)).toMatchObject({
      server: 'web2',
      servers: [{ result: 'unchanged' }, { result: 'failed' }, { result: 'unchanged' }],
      evidence: [{ server: 'web1' }, { server: 'web3' }],
    });
    world.host('web2').reachable = true;
    expect(await run()).toBeInstanceOf(PodConfirmed);
  });

  it('does not try again what will not pass', async () => {
    const { world, run } = scene();
    world.host('web2').reachable = false;
    world.host('web3').live = world.old.treeId;
    expect(await refusal(run())).toMatchObject({ retryable: false });
  });

  it('says so when a server has restored itself in the last moment', async () => {
    const { world, run } = scene();
    world.host('web2').fired = true;
    expect(await refusal(run())).toMatchObject({ code: 'CONFIRMATION.WATCHDOG_FIRED', retryable: false });
    expect(world.host('web2').verified).not.toContain(world.deploymentId);
  });

  it('leaves it to a newer command that has come first', async () => {
    const { world, run } = scene();
    world.host('web2').token = 11;
    await expect(run()).rejects.toMatchObject({ code: 'STATE.FENCED' });
  });

  it('tells what it knows of an error that is not about servers', () => {
    const { work, command } = scene();
    const told = work.failed(command, new PodwayError('INVENTORY.UNKNOWN_REVISION', 'no such revision'));
    expect(told).toMatchObject({ code: 'INVENTORY.UNKNOWN_REVISION', servers: [], evidence: [] });
  });
});
