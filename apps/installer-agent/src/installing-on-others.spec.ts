import {
  BundleManifest,
  InstallOnOthers,
  PodwayError,
  ReleaseReplicated,
  validated,
  type Component,
  type StepOutcome,
  type VariableSpec,
} from '@podway/contracts';
import { SourceFetcher } from '@podway/installers';
import type { DeploymentReader, Updates } from '@podway/persistence';
import { PromotionFailedError } from '@podway/service-kit';
import { StepWorld, type StepWorldOptions } from '@podway/testing/steps';
import { describe, expect, it, vi } from 'vitest';
import { Building } from './building.js';
import { InstallingOnOthers } from './installing-on-others.js';
import { Preparing } from './preparing.js';

const ARTIFACT = 'a'.repeat(64);
const content: Component = { name: 'content', installer: 'archive' };
const setup: Component = { name: 'setup', installer: 'script', run: ['./setup.sh'] };

interface Scene extends StepWorldOptions {
  components?: Component[];
  variables?: VariableSpec[];
  quarantined?: string[];
}

function scene({ components = [content, setup], variables, quarantined = [], ...inWorld }: Scene = {}) {
  const world = new StepWorld(inWorld);
  world.installedOn('web1');
  const { servers, driver, balancer } = world;
  // Jobs have ended well, and each server says of each component that it was laid out already.
  const job = { output: '', nextByte: 0, more: false, state: 'exited', exitCode: 0 } as const;
  vi.spyOn(driver, 'followJob').mockResolvedValue(job);
  const tree = `/srv/shop/.podway/staging/${world.deploymentId}.abcdef/tree\n`;
  world.exec = (_, argv) => ({
    ...{ code: 0, stderr: '' },
    stdout: argv.includes('ran-setup') ? tree : 'applied\n',
  });
  const manifest = validated(BundleManifest, {
    ...{ apiVersion: 'podway/v1', name: 'shop', version: '1.4.0', components },
    ...(variables ? { variables } : {}),
  });
  const updates = {
    manifest: async (digest: string) => (digest === ARTIFACT ? manifest : undefined),
  } as unknown as Updates;
  const statuses = quarantined.map((server) => ({ server, quarantined: true }));
  const deployments = { serverStatus: async () => statuses } as unknown as DeploymentReader;
  const options = { folder: '/nonexistent', maxBytes: 1, timeoutMs: 1, allowPrivate: false };
  const secrets = { environment: () => 'hunter22', file: async () => undefined };
  const clients = { of: async () => ({}) };
  const preparing = new Preparing(driver, secrets, new SourceFetcher(options), clients);
  const work = new InstallingOnOthers(
    { servers, driver, balancer, deployments, updates },
    preparing,
    new Building(driver, updates, {} as never),
  );
  const command = world.command(InstallOnOthers, {
    step: 'Replicating',
    canary: 'web1',
    replicas: [...world.hosts.keys()].slice(1),
    source: { kind: 'artifact', artifact: ARTIFACT },
    snapshot: { server: 'web1', ...world.old },
    ...world.new,
  });
  const run = (): Promise<StepOutcome> => work.execute(command, world.context(command));
  return { world, work, command, run };
}

async function refusal(run: Promise<unknown>): Promise<PromotionFailedError> {
  const error: unknown = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PromotionFailedError);
  return error as PromotionFailedError;
}

const results = (outcome: unknown): string[] =>
  (outcome as { servers: { name: string; result: string }[] }).servers
    .map(({ name, result }) => `${name} ${result}`)
    .toSorted();
const allSwitched = ['web1 switched', 'web2 switched', 'web3 switched'];
/** What was done, without what is only looked at. */
const deeds = ({ journal }: StepWorld): string[] => journal.filter((what) => !/^(feed|prove) /.test(what));

describe('InstallingOnOthers', () => {
  it('gives the canary all accesses, installs on each of the others, switches them, and only then lets them serve', async () => {
    const { world, run } = scene();
    const outcome = await run();
    expect(outcome).toBeInstanceOf(ReleaseReplicated);
    expect(outcome).toMatchObject({ bytesSent: 0 });
    expect(results(outcome)).toEqual(allSwitched);
    const done = deeds(world);
    expect(done.slice(0, 2)).toEqual(['open web1', 'rotate web1=on web2=off web3=off']);
    for (const name of ['web2', 'web3']) {
      const own = done.filter((what) => what.split(' ')[1] === name && what.split(' ').length < 5);
      const stage = `stage ${name} full ${world.old.treeId}`;
      expect(own).toEqual([`snapshot ${name}`, stage, `commit ${name}`, `switch ${name}`]);
      expect(world.host(name)).toMatchObject({ live: world.deploymentId, armed: world.deploymentId });
    }
    expect(done.at(-1)).toBe('rotate web1=on web2=on web3=on');
    expect(world.disagreements).toEqual([]);
    expect(world.fewest).toBe(1);
  });

  it('lays out files before the others stop serving, where there is nothing else to do', async () => {
    const { world, run } = scene({ components: [content] });
    expect(results(await run())).toEqual(allSwitched);
    const done = deeds(world);
    const turn = done.indexOf('rotate web1=on web2=off web3=off');
    expect(done.slice(0, turn).filter((what) => what.startsWith('commit'))).toHaveLength(2);
    expect(done.slice(turn).filter((what) => what.startsWith('switch'))).toHaveLength(2);
    expect(world.disagreements).toEqual([]);
  });

  it('but not in a POD whose state has parts, which change where they are', async () => {
    const parts = [{ name: 'shop', driver: 'paths', paths: ['/etc/shop'] }];
    const { world, run } = scene({ components: [content], pod: { state: { driver: 'tree', parts } } });
    expect(results(await run())).toEqual(allSwitched);
    expect(deeds(world).indexOf('rotate web1=on web2=off web3=off')).toBe(1);
  });

  it('installs under traffic where more than one server must serve, and takes none out', async () => {
    const { world, run } = scene({ policy: { minInRotation: 2 } });
    expect(results(await run())).toEqual(allSwitched);
    expect(deeds(world).filter((what) => what.startsWith('rotate'))).toEqual([
      'rotate web1=on web2=on web3=on',
    ]);
  });

  it('finds what an earlier attempt has built, and installs the rest', async () => {
    const { world, run } = scene();
    world.host('web2').trees.add(world.deploymentId);
    expect(results(await run())).toEqual(allSwitched);
    const done = deeds(world);
    expect(done.filter((what) => what.startsWith('commit'))).toEqual(['commit web3']);
    expect(done).toContain('snapshot web2');
  });

  it.each([1, 2])('may be done again, by a later command, when web%i was cut off half-way', async (cut) => {
    const { world, command, run } = scene();
    const host = world.host(`web${cut + 1}`);
    host.fails('switchTo', host.error('BUSY', 'not now'), 1);
    await refusal(run());
    expect(world.disagreements).toEqual([]);
    command.fencingToken = 11;
    expect(results(await run())).toEqual(allSwitched);
    expect(world.journal.filter((what) => what.startsWith('commit'))).toHaveLength(2);
    expect(world.disagreements).toEqual([]);
    expect(world.inRotation()).toHaveLength(3);
  });

  it('carries the state to a server that did not begin where the canary began', async () => {
    const { world, run } = scene({ quarantined: ['web3'] });
    world.host('web3').live = undefined;
    world.balancer.out.add('web3');
    expect(results(await run())).toEqual(allSwitched);
    expect(world.journal).toContain('stage from web1 to web3');
    expect(world.journal).not.toContain('commit web3');
    expect(world.inRotation()).toHaveLength(3);
  });

  it('runs the checks on each before it serves', async () => {
    const check = { probe: 'command', run: ['of-pod'], tries: 1 };
    const { world, run } = scene({ pod: { checks: [check] } });
    const { exec } = world;
    const checked: string[] = [];
    world.exec = (server, argv) => {
      if (argv.includes('of-pod')) checked.push(`${server} ${world.inRotation().join(' ')}`);
      return exec(server, argv);
    };
    expect(results(await run())).toEqual(allSwitched);
    expect(checked.toSorted()).toEqual(['web2 web1', 'web3 web1']);
  });

  it('gives each server its own variables', async () => {
    const variables = [{ name: 'edition', required: true }];
    const { world, run } = scene({ variables });
    const [, web2] = world.pod.servers;
    if (web2) web2.variables = { edition: 'pro' };
    expect(await refusal(run())).toMatchObject({ server: 'web3', code: 'INSTALL.VARIABLES_INVALID' });
    expect(deeds(world)).toEqual([]);
  });
});

describe('InstallingOnOthers, when a server does not come to the same state', () => {
  it.each(['install', 'state', 'check'])('rolls back all: %s', async (what) => {
    const { world, work, command, run } = scene({
      pod: { checks: [{ probe: 'command', run: ['of-pod'], tries: 1 }] },
    });
    const { driver, exec } = world;
    const codes: Record<string, string> = {
      install: 'INSTALL.DISK_FULL',
      state: 'INSTALL.NOT_THE_SAME',
      check: 'VERIFICATION.FAILED',
    };
    if (what === 'state') {
      const commitStage = driver.commitStage.bind(driver);
      vi.spyOn(driver, 'commitStage').mockImplementation(async (target, ...rest) => {
        const committed = await commitStage(target, ...rest);
        return target.session.server === 'web3' ? { fingerprint: 'f'.repeat(64) } : committed;
      });
    } else {
      world.exec = (server, argv) => {
        const bad = server === 'web3' && argv.includes('of-pod') === (what === 'check');
        // What is looked at before anything is touched is fine.
        const isLook = argv.includes('podway');
        return bad && !isLook
          ? { code: what === 'check' ? 1 : 19, stdout: '', stderr: '' }
          : exec(server, argv);
      };
    }
    const error = await refusal(run());
    expect(error).toMatchObject({ server: 'web3', code: codes[what] });
    expect(world.inRotation()).toEqual(['web1']);
    expect(world.disagreements).toEqual([]);
    const told = work.failed(command, error);
    expect(told).toMatchObject({ server: 'web3', code: codes[what] });
    expect(results(told)).toContain('web3 quarantined');
    // Only a failed check comes after the switch.
    expect(world.host('web2').live).toBe(what === 'check' ? world.deploymentId : world.old.treeId);
  });

  it('leaves it out where the policy is quarantine', async () => {
    const { world, run } = scene({ policy: { onPartialFailure: 'quarantine' } });
    const { exec } = world;
    world.exec = (server, argv) =>
      server === 'web3' && !argv.includes('podway')
        ? { code: 19, stdout: '', stderr: '' }
        : exec(server, argv);
    expect(results(await run())).toEqual(['web1 switched', 'web2 switched', 'web3 quarantined']);
    expect(world.inRotation()).toEqual(['web1', 'web2']);
    expect(world.disagreements).toEqual([]);
  });

  it('changes no server when one cannot be reached', async () => {
    const { world, run } = scene();
    world.host('web3').reachable = false;
    expect(await refusal(run())).toMatchObject({ code: 'HOST.UNREACHABLE', retryable: true });
    expect(deeds(world)).toEqual([]);
  });

  it.each(['web3', 'rotation'])('leaves it to a newer command that has come first: %s', async (where) => {
    const { world, run } = scene({ policy: { onPartialFailure: 'quarantine' } });
    if (where === 'rotation') await world.balancer.fence('shop', 11);
    else world.host(where).token = 11;
    const code = where === 'rotation' ? 'ROTATION.FENCED' : 'STATE.FENCED';
    await expect(run()).rejects.toMatchObject({ code });
    expect(world.host('web3').live).toBe(world.old.treeId);
  });

  it('does not begin when the canary has restored itself, or without the artifact', async () => {
    const { world, run } = scene();
    world.host('web1').fired = true;
    await expect(run()).rejects.toMatchObject({ code: 'STATE.WATCHDOG_FIRED' });
    const other = scene();
    other.command.source = { kind: 'artifact', artifact: 'b'.repeat(64) };
    await expect(other.run()).rejects.toMatchObject({ code: 'ARTIFACT.UNKNOWN' });
    expect(deeds(other.world)).toEqual([]);
    expect(other.work.failed(other.command, new PodwayError('X.Y', 'no'))).toMatchObject({ servers: [] });
  });
});
