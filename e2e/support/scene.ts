import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DeploymentDetailView, PolicySpec, PodSpec, StateSpec } from '@podway/contracts';
import { connectDatabase } from '@podway/persistence';
import { asyncApiProblems } from '@podway/testing/asyncapi';
import { ensurePackages, Fleet, type FleetOptions } from '@podway/testing/fleet';
import { SshServers, type SshServer } from '@podway/testing/ssh-servers';
import { Api } from './api.js';
import { site, writeBundle, type BundleParts } from './bundles.js';
import { leftovers, liveHash, liveTree } from './observer.js';

/** A fleet of real services, and PODs of real sshd servers made one after the other. */
export class Scene {
  private readonly groups: SshServers[] = [];
  private count = 0;

  private constructor(
    readonly fleet: Fleet,
    readonly folder: string,
    readonly admin: Api,
  ) {}

  static async open(options: FleetOptions = {}): Promise<Scene> {
    await ensurePackages(['openssh-server', 'openssh-client'], (line) => console.error(line));
    // No server catches up by itself, unless that is what a test is about.
    const env = { PODWAY_CATCH_UP_MS: '86400000', ...options.env };
    const fleet = await Fleet.start({ ...options, env });
    const folder = await mkdtemp(join(tmpdir(), 'podway-e2e-'));
    return new Scene(fleet, folder, new Api(fleet.apiUrl, fleet.adminKey));
  }

  /** Ends the servers of all PODs so far: after each test, so that they do not pile up. */
  async clear(): Promise<void> {
    for (const group of this.groups.splice(0)) await group.stop();
  }

  /** Whatever was tested: every event that was told is as the AsyncAPI document has it. */
  async close(): Promise<void> {
    await this.clear();
    const problems = await this.eventProblems();
    await this.fleet.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
    expect(problems).toEqual([]);
  }

  private async eventProblems(): Promise<string[]> {
    const database = await connectDatabase({ url: this.fleet.databaseUrl, poolSize: 1 });
    try {
      const rows: { envelope: object }[] = await database.query('select envelope from coordinator.event_log');
      return [...new Set(rows.flatMap(({ envelope }) => asyncApiProblems(envelope)))];
    } finally {
      await database.destroy();
    }
  }

  /** A server that is in no POD yet. */
  async more(name: string): Promise<SshServers> {
    const servers = await SshServers.start({ names: [name], sites: true });
    this.groups.push(servers);
    return servers;
  }

  /** A POD of `count` servers in the inventory, with a publisher of its client. No release yet. */
  async pod(options: PodOptions = {}): Promise<Pod> {
    this.count += 1;
    const name = `pod${this.count}`;
    const client = options.client ?? 'acme';
    const servers = await SshServers.start({ count: options.servers ?? 3, sites: true });
    this.groups.push(servers);
    const spec: PodSpec = {
      name,
      client,
      hosts: [`${name}.test`],
      path: '/nowhere',
      servers: servers.servers.map((server) => server.spec()),
      state: { driver: 'tree', ...options.state },
      checks: options.checks ?? [
        { probe: 'http', path: '/health.txt', expectText: 'healthy', tries: 2, intervalMs: 100 },
      ],
      ...(options.variables ? { variables: options.variables } : {}),
      // Bundles of the tests wait, fail and tell by programs.
      policy: {
        canary: 'first',
        publisherChecks: { commands: ['sh', 'sleep', '/nonexistent/probe'] },
        ...options.policy,
      },
    };
    await this.admin.applyPods(spec);
    const { key } = await this.admin.call<{ key: string }>('POST', '/v1/keys', { client, role: 'publisher' });
    return new Pod(this, name, servers, new Api(this.fleet.apiUrl, key), spec);
  }
}

export interface PodOptions {
  servers?: number;
  client?: string;
  policy?: PolicySpec;
  state?: Partial<StateSpec>;
  checks?: PodSpec['checks'];
  variables?: PodSpec['variables'];
}

/** One POD, its servers, and somebody who publishes to it. */
export class Pod {
  private bundles = 0;

  constructor(
    readonly scene: Scene,
    readonly name: string,
    readonly group: SshServers,
    readonly publisher: Api,
    readonly spec: PodSpec,
  ) {}

  get servers(): readonly SshServer[] {
    return this.group.servers;
  }

  server(index: number): SshServer {
    return this.group.at(index);
  }

  /** One more server joins the POD. */
  async joinedBy(name: string): Promise<SshServer> {
    const group = await this.scene.more(name);
    const server = group.at(0);
    await this.scene.admin.applyPods({ ...this.spec, servers: [...this.spec.servers, server.spec()] });
    return server;
  }

  /** Writes a bundle: a small site of the version, unless told otherwise. */
  bundle(version: string, parts: Partial<BundleParts> = {}): Promise<string> {
    this.bundles += 1;
    const folder = join(this.scene.folder, `${this.name}-bundle-${this.bundles}`);
    return writeBundle(folder, { version, files: site(version), ...parts });
  }

  async publish(version: string, parts: Partial<BundleParts> = {}): Promise<string> {
    return this.publisher.publish(await this.bundle(version, parts), this.name);
  }

  ended(id: string): Promise<DeploymentDetailView> {
    return this.publisher.ended(id);
  }

  /** Publishes a good version and waits for its success. */
  async serves(version: string, parts: Partial<BundleParts> = {}): Promise<string> {
    const id = await this.publish(version, parts);
    const view = await this.ended(id);
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    return id;
  }

  /** Hashes of the servers' live states, in the order of the servers. */
  hashes(servers: readonly SshServer[] = this.servers): Promise<string[]> {
    return Promise.all(servers.map(liveHash));
  }

  /**
   * What must hold when a deployment is over: every server given is on the tree, all the same to the byte, in
   * rotation, and nothing is left lying about.
   */
  async settledOn(tree: string | undefined, servers: readonly SshServer[] = this.servers): Promise<void> {
    const trees = await Promise.all(servers.map(liveTree));
    expect(trees).toEqual(servers.map(() => (tree === undefined ? undefined : `releases/${tree}`)));
    expect(new Set(await this.hashes(servers)).size).toBe(1);
    const { servers: shown } = await this.publisher.pod(this.name);
    for (const server of servers) {
      expect(shown.find((one) => one.name === server.name)).toMatchObject({
        inRotation: true,
        quarantined: false,
      });
    }
    expect((await Promise.all(servers.map(leftovers))).flat()).toEqual([]);
    // A watchdog's loop looks once a second whether it is still wanted.
    await expect
      .poll(() => Promise.all(servers.map((server) => server.commands())), { timeout: 10_000 })
      .toEqual(servers.map(() => []));
  }

  /** What a visitor gets through the gateway. */
  async visit(path = '/'): Promise<{ status: number; text: string }> {
    const { request } = await import('undici');
    const { statusCode, body } = await request(new URL(path, this.scene.fleet.accessUrl), {
      headers: { host: `${this.name}.test` },
    });
    return { status: statusCode, text: await body.text() };
  }
}
