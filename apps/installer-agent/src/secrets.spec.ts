import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { monotonicFactory } from 'ulid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DirectoryArtifactStore } from '@podway/artifacts';
import {
  BundleManifest,
  envelop,
  InstallUpdate,
  PodSpec,
  validated,
  type Component,
} from '@podway/contracts';
import { NodeSshHostSessions } from '@podway/hosts';
import { SourceFetcher } from '@podway/installers';
import type { Broker } from '@podway/messaging';
import type { Inventory, Updates } from '@podway/persistence';
import { PodServers, StepRunner } from '@podway/service-kit';
import { TreeStateDriver } from '@podway/state';
import { SshServers } from '@podway/testing/ssh-servers';
import { RecordingLog } from '@podway/testing/steps';
import { bundleOf } from '../test/bundle-of.js';
import { Building } from './building.js';
import { Installing } from './installing.js';
import { Preparing } from './preparing.js';
import { secretsOfProcess } from './secrets.js';

const SECRET = 'correct horse\nbattery staple';
const folder = mkdtempSync(join(tmpdir(), 'podway-secrets-'));
const secrets = join(folder, 'secrets');
mkdirSync(secrets);
writeFileSync(join(secrets, 'password'), `${SECRET}\n`);
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

describe('secrets of the process', () => {
  const source = secretsOfProcess(secrets);

  it('are files of its folder, without the newline at their end', async () => {
    expect(await source.file(join(secrets, 'password'))).toBe(SECRET);
  });

  it('are nothing else', async () => {
    const outside = join(folder, 'outside');
    writeFileSync(outside, 'of others');
    symlinkSync(outside, join(secrets, 'link'));
    writeFileSync(join(secrets, 'large'), 'x'.repeat(20_000));
    for (const path of [
      outside,
      join(secrets, 'link'),
      join(secrets, 'large'),
      join(secrets, 'none'),
      secrets,
    ]) {
      expect(await source.file(path)).toBeUndefined();
    }
    expect(await secretsOfProcess(undefined).file(join(secrets, 'password'))).toBeUndefined();
  });

  it('are variables of its environment by their own names', () => {
    vi.stubEnv('PODWAY_SECRET_DB', 'hunter22');
    vi.stubEnv('DATABASE_URL', 'postgres://user:password@host/podway');
    expect(source.environment('PODWAY_SECRET_DB')).toBe('hunter22');
    expect(source.environment('DATABASE_URL')).toBeUndefined();
    expect(source.environment('PODWAY_SECRET_NONE')).toBeUndefined();
    vi.unstubAllEnvs();
  });
});

describe('a script that prints a secret', () => {
  const sessions = new NodeSshHostSessions();
  const driver = new TreeStateDriver();
  let servers: SshServers;
  beforeAll(async () => {
    servers = await SshServers.start();
  });
  afterAll(async () => {
    await sessions.close();
    await servers.stop();
  });

  it.each([
    [0, 'the POD'],
    [3, 'the POD'],
    [0, 'its client'],
  ])('and ends with %i, given by %s: no event, error or log record has it', async (exitCode, giver) => {
    const values = { password: { file: join(secrets, 'password') } };
    const ofClient = giver === 'the POD' ? {} : values;
    const store = new DirectoryArtifactStore(join(folder, 'store'));
    const own = mkdtempSync(join(folder, 'run-'));
    const seen = join(own, 'seen');
    const say = 'echo "$PODWAY_VAR_PASSWORD!" >&2; echo "$i: $PODWAY_VAR_PASSWORD"; i=$((i + 1)); sleep 0.3';
    const print = `i=0; until [ -e ${seen} ]; do ${say}; done; exit ${exitCode}`;
    const component: Component = { name: 'setup', installer: 'script', run: ['sh', '-c', print] };
    const manifest = validated(BundleManifest, {
      ...{ apiVersion: 'podway/v1', name: 'shop', version: '1', components: [component] },
      variables: [{ name: 'password', secret: true }],
    });
    const { digest } = await store.put(bundleOf({ x: 'x' }));
    const path = join(own, 'site');
    const server = servers.at(0).spec({ name: 'web1', path });
    const pod = validated(PodSpec, {
      ...{ name: 'shop', client: 'acme', path, state: { driver: 'tree' }, servers: [server] },
      variables: giver === 'the POD' ? values : {},
    });
    const podServers = new PodServers(
      { revision: async () => pod } as unknown as Inventory,
      sessions,
      driver,
    );
    const fetcher = new SourceFetcher({ folder, maxBytes: 1, timeoutMs: 1, allowPrivate: false });
    const balancer = { fence: async () => undefined, inRotation: async () => ['web1'] } as never;
    const updates = { manifest: async () => manifest } as unknown as Updates;
    const work = new Installing(
      ...([podServers, driver, balancer] as const),
      new Preparing(driver, secretsOfProcess(secrets), fetcher, { of: async () => ofClient }),
      new Building(driver, updates, store),
    );
    const told: string[] = [];
    const log = new RecordingLog();
    const logged = new Writable({
      write: (chunk: Buffer, _, done) => (told.push(chunk.toString()), done()),
    });
    const broker = {
      publish: async (message: unknown) => {
        told.push(JSON.stringify(message));
        // The script goes on until somebody was told what it says.
        if (told.at(-1)?.includes('[secret]')) writeFileSync(seen, '');
      },
    };
    const runner = new StepRunner(
      'test',
      broker as unknown as Broker,
      balancer,
      () => log,
      pino({ level: 'trace' }, logged),
    );

    const deploymentId = monotonicFactory()();
    const target = await podServers.connect(pod, 'web1');
    const before = { deploymentId, fencingToken: 1, log, progress: () => undefined };
    const { fingerprint } = await driver.snapshot(target, before, { watchdogMs: 600_000 });
    const command = Object.assign(new InstallUpdate(), {
      ...{
        deploymentId,
        step: 'Installing',
        attempt: 1,
        deadline: new Date().toISOString(),
        fencingToken: 2,
      },
      ...{ client: 'acme', pod: 'shop', podRevision: 1, canary: 'web1' },
      source: { kind: 'artifact', artifact: digest },
      snapshot: { server: 'web1', fingerprint },
    });
    await runner.run(command, envelop(command, { source: 'test' }), work);
    await driver.restore(target, { ...before, fencingToken: 3 }, { fingerprint });

    const all = [...told, JSON.stringify([log.said, log.printed])].join('\n');
    expect(log.printed.length).toBeGreaterThan(0);
    expect(all).toContain(exitCode === 0 ? 'io.podway.update.installed.v1' : 'INSTALL.SCRIPT_FAILED');
    expect(all).toContain('[secret]');
    for (const part of ['correct', 'horse', 'battery', 'staple']) expect(all).not.toContain(part);
  });
});
