import {
  BundleManifest,
  InstallUpdate,
  PodwayError,
  UpdateInstalled,
  validated,
  type Component,
  type Prerequisites,
  type StepOutcome,
  type VariableSpec,
  type VariableValues,
} from '@podway/contracts';
import type { Updates } from '@podway/persistence';
import { StepWorld, type StepWorldOptions } from '@podway/testing/steps';
import { describe, expect, it, vi } from 'vitest';
import { SourceFetcher } from '@podway/installers';
import { Building } from './building.js';
import { Installing } from './installing.js';
import { Preparing } from './preparing.js';

const ARTIFACT = 'a'.repeat(64);
const content: Component = { name: 'content', installer: 'archive' };
const setup: Component = { name: 'setup', installer: 'script', run: ['./setup.sh'] };

interface Scene extends StepWorldOptions {
  components?: Component[];
  prerequisites?: Prerequisites;
  variables?: VariableSpec[];
  ofClient?: VariableValues;
}

function scene({ components = [content], prerequisites, variables, ofClient, ...inWorld }: Scene = {}) {
  const world = new StepWorld(inWorld);
  world.host('web1').armed = world.deploymentId;
  if (world.pod.servers.length > 1) world.balancer.out.add('web1');
  // The server says of each component that it was laid out already.
  world.exec = () => ({ code: 0, stdout: 'applied\n', stderr: '' });
  const manifest = validated(BundleManifest, {
    ...{ apiVersion: 'podway/v1', name: 'shop', version: '1.4.0', components },
    ...(prerequisites ? { prerequisites } : {}),
    ...(variables ? { variables } : {}),
  });
  const updates = {
    manifest: async (digest: string) => (digest === ARTIFACT ? manifest : undefined),
  } as unknown as Updates;
  const options = { folder: '/nonexistent', maxBytes: 1, timeoutMs: 1, allowPrivate: false };
  const secrets = { environment: () => 'hunter22', file: async () => undefined };
  const clients = { of: async (client: string) => (client === 'acme' ? ofClient : undefined) };
  const preparing = new Preparing(world.driver, secrets, new SourceFetcher(options), clients);
  const building = new Building(world.driver, updates, {} as never);
  const work = new Installing(world.servers, world.driver, world.balancer, preparing, building);
  const command = world.command(InstallUpdate, {
    step: 'Installing',
    canary: 'web1',
    source: { kind: 'artifact', artifact: ARTIFACT },
    snapshot: { server: 'web1', ...world.old },
  });
  const run = (): Promise<StepOutcome> => work.execute(command, world.context(command));
  return { world, work, command, run };
}

describe('Installing', () => {
  it('builds the new state beside the live one, then switches the drained canary', async () => {
    const { world, run } = scene();
    const outcome = await run();
    expect(outcome).toBeInstanceOf(UpdateInstalled);
    expect(outcome).toMatchObject(world.new);
    expect(world.journal).toEqual([
      'feed web1',
      `stage web1 link ${world.old.treeId}`,
      'commit web1',
      'rotate web1=off',
      'switch web1',
    ]);
    expect(world.disagreements).toEqual([]);
    expect(world.inRotation()).toEqual(['web2', 'web3']);
  });

  it('logs each component, and why one could not be installed', async () => {
    const { world, run } = scene({ components: [content, { ...content, name: 'more' }] });
    const logged = (): string[] =>
      world.log.said.map(({ server, part, level, text }) => `${server} ${part} ${level}: ${text}`);
    await run();
    expect(logged()).toEqual([
      ...['web1 content info: installing content', 'web1 content info: installed content'],
      ...['web1 more info: installing more', 'web1 more info: installed more'],
    ]);
    const failing = scene();
    failing.world.exec = () => ({ code: 1, stdout: '', stderr: 'no such folder' });
    await expect(failing.run()).rejects.toThrow(PodwayError);
    expect(failing.world.log.said.at(-1)).toMatchObject({ part: 'content', level: 'error' });
    expect(failing.world.log.said.at(-1)?.text).toContain('no such folder');
  });

  it('drains the canary again, should it have come back', async () => {
    const { world, run } = scene();
    world.balancer.out.delete('web1');
    await run();
    expect(world.disagreements).toEqual([]);
    expect(world.rotations).toMatchObject([{ fencingToken: 10, drainTimeoutMs: 10_000 }]);
  });

  it('begins with nothing on a server that held no release', async () => {
    const { world, command, run } = scene();
    command.snapshot.treeId = undefined;
    await run();
    expect(world.journal[1]).toBe('stage web1 link -');
  });

  it('leaves the only server of a POD in rotation', async () => {
    const { world, run } = scene({ servers: 1 });
    await run();
    expect(world.inRotation()).toEqual(['web1']);
    expect(world.journal.at(-1)).toBe('switch web1');
  });

  it('finds what an earlier attempt has built', async () => {
    const { world, run } = scene();
    world.host('web1').trees.add(world.deploymentId);
    expect(await run()).toMatchObject(world.new);
    expect(world.journal).toEqual(['feed web1', 'prove web1', 'rotate web1=off', 'switch web1']);
  });

  it('takes what another agent has built meanwhile', async () => {
    const { world, run } = scene();
    const web1 = world.host('web1');
    const { driver } = world;
    vi.spyOn(driver, 'commitStage').mockImplementation(async () => {
      web1.trees.add(world.deploymentId);
      throw web1.error('STAGE_MISSING', 'the stage is gone');
    });
    expect(await run()).toMatchObject(world.new);
  });

  it('lays out a copy when a program writes into files, and goes on in the folder that it ran in', async () => {
    const { world, run } = scene({ components: [content, setup] });
    const { driver } = world;
    const earlier = `/srv/shop/.podway/staging/${world.deploymentId}.abcdef/tree`;
    vi.spyOn(driver, 'followJob').mockResolvedValue({
      ...{ output: '', nextByte: 0, more: false },
      ...{ state: 'exited', exitCode: 0 },
    });
    world.exec = (_, argv) => ({
      ...{ code: 0, stderr: '' },
      stdout: argv.includes('ran-setup') ? `${earlier}\n` : 'applied\n',
    });
    const commitStage = vi.spyOn(driver, 'commitStage');
    await run();
    expect(world.journal[1]).toBe(`stage web1 full ${world.old.treeId}`);
    expect(commitStage.mock.calls[0]?.[2]).toEqual({ dir: earlier, treeId: world.deploymentId });
  });

  it('tells which component it is at', async () => {
    const { work, world, command } = scene({ components: [content, { ...content, name: 'more' }] });
    const progress = vi.fn();
    await work.execute(command, { ...world.context(command), progress });
    expect(progress.mock.calls).toEqual([
      ['installing content', { server: 'web1', percent: 0 }],
      ['installing more', { server: 'web1', percent: 50 }],
      ['switching the canary', { server: 'web1' }],
    ]);
  });

  it('goes back to a kept release by its switch alone', async () => {
    const { world, command, run } = scene();
    world.host('web1').trees.add(world.deploymentId);
    command.source = { kind: 'release', release: 2, ...world.new };
    expect(await run()).toMatchObject(world.new);
    expect(world.journal).toEqual(['feed web1', 'rotate web1=off', 'switch web1']);
  });
});

describe('Going back', () => {
  it.each([true, undefined])('says whether what users have written may be lost: %s', async (acceptLoss) => {
    const { world, command, run } = scene();
    world.host('web1').trees.add(world.deploymentId);
    command.source = { kind: 'release', release: 2, ...world.new, ...(acceptLoss ? { acceptLoss } : {}) };
    const switchTo = vi.spyOn(world.driver, 'switchTo');
    await run();
    expect(switchTo.mock.calls.map(([, , options]) => options.acceptLoss)).toEqual([acceptLoss]);
  });
});

describe('Installing that fails', () => {
  it.each([
    ['a release whose state is unknown', { kind: 'release', release: 2 }, 'RELEASE.UNKNOWN'],
    ['no artifact', { kind: 'artifact' }, 'ARTIFACT.UNKNOWN'],
    ['an artifact that is not stored', { kind: 'artifact', artifact: 'b'.repeat(64) }, 'ARTIFACT.UNKNOWN'],
  ] as const)('names %s', async (_, source, code) => {
    const { world, command, run } = scene();
    command.source = source;
    await expect(run()).rejects.toMatchObject({ code, retryable: false });
    expect(world.journal).toEqual(['feed web1']);
  });

  it.each([
    ['armed', 'STATE.WATCHDOG_NOT_ARMED'],
    ['fired', 'STATE.WATCHDOG_FIRED'],
  ])('touches nothing without a watchdog: %s', async (what, code) => {
    const { world, run } = scene();
    if (what === 'armed') world.host('web1').armed = undefined;
    else world.host('web1').fired = true;
    await expect(run()).rejects.toMatchObject({ code });
    expect(world.journal).toEqual([]);
  });

  it('switches nothing when a component cannot be applied', async () => {
    const { world, run } = scene();
    world.exec = () => ({ code: 19, stdout: '', stderr: '' });
    await expect(run()).rejects.toMatchObject({ code: 'INSTALL.DISK_FULL' });
    expect(world.journal.at(-1)).toMatch(/^stage/);
    expect(world.host('web1').live).toBe(world.old.treeId);
  });

  it.each(['server', 'rotation'])('leaves it to a newer command that has come first: %s', async (where) => {
    const { world, run } = scene();
    if (where === 'server') world.host('web1').token = 11;
    else await world.balancer.fence('shop', 11);
    await expect(run()).rejects.toMatchObject({
      code: where === 'server' ? 'STATE.FENCED' : 'ROTATION.FENCED',
    });
    expect(world.host('web1').live).toBe(world.old.treeId);
  });

  it('tells on which server', () => {
    const { work, command } = scene();
    expect(work.failed(command, new PodwayError('INSTALL.DISK_FULL', 'no space'))).toMatchObject({
      code: 'INSTALL.DISK_FULL',
      server: 'web1',
    });
  });
});

describe('before anything is built', () => {
  const wanted = { diskFreeMb: 500, commands: ['php', 'g++'] };

  it('prerequisites are looked at, and all that is missing is told', async () => {
    const { world, run } = scene({ prerequisites: wanted });
    world.host('web1').diskFreeMb = 499;
    world.exec = (_, argv) => {
      expect(argv.slice(3)).toEqual(['podway', 'php', 'g++']);
      return { code: 0, stdout: 'missing php\nmissing g++\nend\n', stderr: '' };
    };
    await expect(run()).rejects.toMatchObject({
      code: 'INSTALL.PREREQUISITES_UNMET',
      details: {
        problems: [
          ...[
            '500 MiB of disk wanted, 499 free',
            'the program php is not there',
            'the program g++ is not there',
          ],
        ],
      },
    });
    expect(world.journal).toEqual(['feed web1']);
  });

  it('prerequisites are not what a program says that could not look', async () => {
    const { world, run } = scene({ prerequisites: { commands: ['php'] } });
    world.exec = () => ({ code: 127, stdout: '', stderr: 'sh: not found' });
    await expect(run()).rejects.toMatchObject({ code: 'INSTALL.PREREQUISITES_UNMET' });
  });

  it.each([{}, { diskFreeMb: 1_000 }, { commands: [] }, { commands: ['php'] }])(
    '%j may pass',
    async (met) => {
      const { world, run } = scene({ prerequisites: met });
      world.exec = (_, argv) => ({
        ...{ code: 0, stderr: '' },
        stdout: argv.includes('podway') ? 'end\n' : 'applied\n',
      });
      expect(await run()).toBeInstanceOf(UpdateInstalled);
    },
  );

  it('variables get the values of the server before those of the POD before those of the client, and conditions are asked', async () => {
    const components = ['basic', 'pro'].map((edition) => ({
      ...{ ...content, name: edition },
      when: { variable: 'edition', is: [edition] },
    }));
    const { world, work, command } = scene({
      ...{ components, variables: [{ name: 'edition', default: 'pro' }] },
      ofClient: { edition: 'none' },
      pod: { variables: { edition: 'basic' } },
    });
    const [web1] = world.pod.servers;
    const told = async (): Promise<unknown[]> => {
      const progress = vi.fn();
      world.host('web1').trees.delete(world.deploymentId);
      await work.execute(command, { ...world.context(command), progress });
      return progress.mock.calls.map(([message]) => message as string);
    };
    expect(await told()).toEqual([
      ...['pro is left out: edition is not pro', 'installing basic', 'switching the canary'],
    ]);
    if (web1) web1.variables = { edition: 'pro' };
    expect(await told()).toContain('installing pro');
    if (web1) web1.variables = {};
    world.pod.variables = {};
    expect(await told()).toEqual([
      ...[
        'basic is left out: edition is not basic',
        'pro is left out: edition is not pro',
        'switching the canary',
      ],
    ]);
  });

  it('sources are fetched, and one at a private address is refused', async () => {
    const elsewhere = { url: 'http://127.0.0.1:1/x', sha256: 'a'.repeat(64) };
    const { world, run } = scene({ components: [{ ...content, ...elsewhere }] });
    await expect(run()).rejects.toMatchObject({ code: 'INSTALL.SOURCE_REFUSED' });
    expect(world.journal).toEqual(['feed web1']);
  });

  it('what nothing could put back is refused', async () => {
    const packages: Component = { name: 'packages', installer: 'deb', packages: ['nginx=1'] };
    const { world, run } = scene({ components: [packages, content] });
    await expect(run()).rejects.toMatchObject({
      code: 'INSTALL.NOT_COVERED',
      message: "shop: packages (deb) needs a part of the POD's state with the driver packages",
    });
    expect(world.journal).toEqual(['feed web1']);
  });

  it('the canary is drained for what changes it where it is', async () => {
    const packages: Component = { name: 'packages', installer: 'deb', packages: ['nginx=1'] };
    const { world, run } = scene({ components: [packages, content] });
    Object.assign(world.pod.state, { parts: [{ name: 'system', driver: 'packages' }] });
    world.balancer.out.delete('web1');
    vi.spyOn(world.driver, 'followJob').mockResolvedValue({
      ...{ output: '', nextByte: 0, more: false },
      ...{ state: 'exited', exitCode: 0 },
    });
    expect(await run()).toBeInstanceOf(UpdateInstalled);
    expect(world.journal).toEqual([
      ...['feed web1', 'rotate web1=off', `stage web1 link ${world.old.treeId}`, 'commit web1'],
      ...['rotate web1=off', 'switch web1'],
    ]);
  });

  it('a variable without the value that it needs is told', async () => {
    const { world, run } = scene({ variables: [{ name: 'edition', required: true }] });
    await expect(run()).rejects.toMatchObject({ code: 'INSTALL.VARIABLES_INVALID' });
    expect(world.journal).toEqual(['feed web1']);
  });
});
