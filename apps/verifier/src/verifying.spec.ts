import {
  PodwayError,
  VerificationFailed,
  VerificationInconclusive,
  VerificationPassed,
  VerifyServer,
  type Check,
  type StepOutcome,
} from '@podway/contracts';
import type { Updates } from '@podway/persistence';
import { StepWorld, type StepWorldOptions } from '@podway/testing/steps';
import { describe, expect, it } from 'vitest';
import { Verifying } from './verifying.js';

const command = (...run: string[]): Partial<Check> => ({ probe: 'command', run, tries: 1 });

function scene({ updateChecks, ...options }: StepWorldOptions & { updateChecks?: Partial<Check>[] } = {}) {
  const world = new StepWorld({
    pod: { checks: [command('of-pod')] },
    policy: { publisherChecks: { commands: ['of-update', 'other'] } },
    ...options,
  });
  world.installedOn('web1');
  const asked: string[] = [];
  const updates = {
    manifest: async (digest: string) => {
      asked.push(digest);
      return { checks: updateChecks };
    },
  } as unknown as Updates;
  const work = new Verifying(world.servers, world.driver, world.balancer, updates);
  const verify = world.command(VerifyServer, {
    step: 'Verifying',
    canary: 'web1',
    source: { kind: 'artifact', artifact: 'a'.repeat(64) },
    ...world.new,
  });
  const run = (): Promise<StepOutcome> => work.execute(verify, world.context(verify));
  return { world, work, verify, run, asked };
}

describe('Verifying', () => {
  it('runs the checks of the POD and those of the update on the canary, and tells what was seen', async () => {
    const { world, run, asked } = scene({ updateChecks: [command('of-update', '--all')] });
    const ran: string[] = [];
    world.exec = (server, argv) => {
      ran.push([server, ...argv.slice(4)].join(' '));
      return { code: 0, stdout: '', stderr: '' };
    };
    const outcome = await run();
    expect(outcome).toBeInstanceOf(VerificationPassed);
    expect(outcome).toMatchObject({
      fingerprint: world.new.fingerprint,
      evidence: [
        { server: 'web1', probe: 'fingerprint of the live state', verdict: 'passed' },
        { server: 'web1', probe: 'command of-pod', verdict: 'passed' },
        { server: 'web1', probe: 'command of-update --all', verdict: 'passed' },
      ],
    });
    expect(asked).toEqual(['a'.repeat(64)]);
    expect(ran).toEqual(['web1 /srv/shop/current of-pod', 'web1 /srv/shop/current of-update --all']);
    expect(world.journal[0]).toBe('feed web1');
  });

  it.each([
    [1, VerificationFailed, 'VERIFICATION.FAILED', 'web1: command of-pod: failed: exit code 1: oh dear'],
    [
      127,
      VerificationInconclusive,
      'VERIFICATION.ERROR',
      'web1: command of-pod: error: could not be run (exit code 127): oh dear',
    ],
  ])('a check that ends with %i', async (code, type, told, detail) => {
    const { world, run } = scene();
    world.exec = () => ({ code, stdout: '', stderr: 'oh dear' });
    const outcome = await run();
    expect(outcome).toBeInstanceOf(type);
    expect(outcome).toMatchObject({ code: told, server: 'web1', detail });
  });

  it('a failing check goes before one that could not tell', async () => {
    const { world, run } = scene({ updateChecks: [command('other')] });
    world.exec = (_, argv) => ({ code: argv.includes('other') ? 1 : 127, stdout: '', stderr: '' });
    expect(await run()).toMatchObject({ code: 'VERIFICATION.FAILED' });
  });

  it.each(['tree', 'content'])('does not believe the installer: another %s is live', async (what) => {
    const { world, verify, run } = scene({ pod: {} });
    if (what === 'tree') world.host('web1').live = world.old.treeId;
    else verify.fingerprint = 'f'.repeat(64);
    expect(await run()).toMatchObject({
      code: 'VERIFICATION.FAILED',
      evidence: [
        { verdict: 'failed', detail: expect.stringMatching(/^expected \w{64}, found \w{64}$/) as string },
      ],
    });
  });

  it('runs the checks of the update that made a kept release again', async () => {
    const { verify, run, asked, world } = scene();
    verify.source = { kind: 'release', release: 3, ...world.new };
    await run();
    expect(asked).toEqual([]);
    verify.source.artifact = 'b'.repeat(64);
    await run();
    expect(asked).toEqual(['b'.repeat(64)]);
  });

  it('keeps apart what only could not tell', async () => {
    const { world, run } = scene({ pod: { checks: [{ probe: 'comparison', tries: 1 }] } });
    for (const name of ['web2', 'web3']) world.balancer.out.add(name);
    const outcome = await run();
    expect(outcome).toBeInstanceOf(VerificationInconclusive);
    expect(outcome).toMatchObject({
      code: 'VERIFICATION.INCONCLUSIVE',
      detail:
        'web1: comparison GET /: inconclusive: no other server in rotation is known to be on an older release',
    });
  });

  it('does not make a check that should have been refused', async () => {
    const { world, work, verify, run } = scene({ updateChecks: [command('of-update'), command('rm')] });
    const ran: string[] = [];
    world.exec = (server, argv) => {
      ran.push([server, ...argv.slice(5)].join(' '));
      return { code: 0, stdout: '', stderr: '' };
    };
    const error: unknown = await run().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CHECK.NOT_ALLOWED' });
    expect(work.failed(verify, error as PodwayError)).toMatchObject({ code: 'CHECK.NOT_ALLOWED' });
    expect(ran).toEqual([]);
  });

  it('leaves out checks of a kept release that are not allowed any more: going back may be the cure', async () => {
    const { world, verify, work } = scene({ updateChecks: [command('of-update'), command('rm')] });
    verify.source = { kind: 'release', release: 3, artifact: 'b'.repeat(64), ...world.new };
    const said: string[] = [];
    const context = { ...world.context(verify), progress: (text: string) => void said.push(text) };
    expect(await work.execute(verify, context)).toMatchObject({
      evidence: [{}, { probe: 'command of-pod' }, { probe: 'command of-update' }],
    });
    expect(said).toEqual(['running 2 checks; 1 of the release are not allowed any more and not made']);
  });

  it('logs what each check has found, each time', async () => {
    const { world, run } = scene({ policy: { verification: { bakeMs: 60, everyMs: 50 } } });
    let runs = 0;
    world.exec = () => ({ code: (runs += 1) < 2 ? 0 : 1, stdout: '', stderr: '' });
    await run();
    const said = world.log.said.map(({ part, level, text }) => `${part}: ${level}: ${text.split(' ')[0]}`);
    expect(said).toEqual([
      'fingerprint of the live state: info: passed',
      'command of-pod: info: passed',
      'command of-pod: error: failed',
      'fingerprint of the live state: info: passed',
    ]);
    expect(world.log.said[1]).toMatchObject({
      server: 'web1',
      text: expect.stringMatching(/^passed after \d+ ms/),
    });
  });

  it('fails when the canary has restored itself', async () => {
    const { world, run } = scene();
    world.host('web1').fired = true;
    await expect(run()).rejects.toMatchObject({ code: 'STATE.WATCHDOG_FIRED' });
  });

  it('watches the canary for the time that the POD wants, and proves the state again', async () => {
    const { world, run } = scene({ policy: { verification: { bakeMs: 300, everyMs: 50 } } });
    let runs = 0;
    world.exec = () => ({ code: (runs += 1) < 0 ? 1 : 0, stdout: '', stderr: '' });
    const begun = performance.now();
    const outcome = (await run()) as VerificationPassed;
    expect(performance.now() - begun).toBeGreaterThanOrEqual(295);
    expect(outcome).toBeInstanceOf(VerificationPassed);
    expect(outcome.evidence).toMatchObject([
      { probe: 'fingerprint of the live state' },
      { probe: 'command of-pod', rounds: runs },
    ]);
    expect(runs).toBeGreaterThan(2);
    expect(world.journal.filter((what) => what === 'prove web1')).toHaveLength(2);
  });

  it('stops watching with the first round that does not pass', async () => {
    const { world, run } = scene({ policy: { verification: { bakeMs: 600_000, everyMs: 50 } } });
    let runs = 0;
    world.exec = () => ({ code: (runs += 1) === 3 ? 1 : 0, stdout: '', stderr: 'leaks' });
    const outcome = await run();
    expect(outcome).toBeInstanceOf(VerificationFailed);
    expect(outcome).toMatchObject({
      code: 'VERIFICATION.FAILED',
      detail: 'web1: command of-pod: failed: exit code 1: leaks',
      evidence: [{}, { rounds: 3 }],
    });
  });

  it('sees when somebody has changed the canary while it was watched', async () => {
    const { world, run } = scene({ policy: { verification: { bakeMs: 100, everyMs: 50 } } });
    let runs = 0;
    world.exec = () => {
      if ((runs += 1) === 2) world.host('web1').live = world.old.treeId;
      return { code: 0, stdout: '', stderr: '' };
    };
    expect(await run()).toMatchObject({ code: 'VERIFICATION.FAILED' });
  });

  it('does not watch what has failed already', async () => {
    const { world, run } = scene({ policy: { verification: { bakeMs: 600_000 } } });
    world.exec = () => ({ code: 1, stdout: '', stderr: '' });
    expect(await run()).toMatchObject({ code: 'VERIFICATION.FAILED' });
  });

  it('an error of its own tells nothing about the canary', () => {
    const { work, verify } = scene();
    const told = work.failed(verify, new PodwayError('HOST.UNREACHABLE', 'gone'));
    expect(told).toBeInstanceOf(VerificationInconclusive);
    expect(told).toMatchObject({
      code: 'HOST.UNREACHABLE',
      server: 'web1',
      evidence: [],
    });
  });
});
