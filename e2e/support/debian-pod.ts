import { expect } from 'vitest';
import type { DeploymentDetailView, PodSpec } from '@podway/contracts';
import { startDebianServers, type DebianServer, type DebianServers } from '@podway/testing/debian-servers';
import { join } from 'node:path';
import { Api } from './api.js';
import { site, writeBundle, type BundleParts } from './bundles.js';
import { liveTree } from './observer.js';
import type { Scene } from './scene.js';

let count = 0;

export interface DebianPodOptions extends Partial<PodSpec> {
  servers?: never;
  names?: readonly string[];
  packages?: readonly string[];
  /** Where each server's site is, when it is not nginx on the server itself. */
  http?: (name: string) => string;
}

/** A POD of Debian servers: each has a root, packages and an address of its own. */
export class DebianPod {
  private bundles = 0;

  private constructor(
    private readonly scene: Scene,
    readonly name: string,
    private readonly group: DebianServers,
    readonly publisher: Api,
    private readonly spec: PodSpec,
  ) {}

  static async of(scene: Scene, options: DebianPodOptions): Promise<DebianPod> {
    count += 1;
    const { names = ['web1', 'web2', 'web3'], packages, http, ...changes } = options;
    const name = `debian${count}`;
    const group = await startDebianServers({ names, packages, sites: http === undefined });
    try {
      const spec: PodSpec = {
        ...{ name, client: 'acme', hosts: [`${name}.test`], path: '/srv/site', state: { driver: 'tree' } },
        checks: [{ probe: 'http', path: '/health.txt', expectText: 'healthy', tries: 5, intervalMs: 200 }],
        policy: { canary: 'first' },
        ...changes,
        servers: group.servers.map((server) => server.spec(http && { http: http(server.name) })),
      };
      await scene.admin.applyPods(spec);
      const wanted = { client: 'acme', role: 'publisher' };
      const { key } = await scene.admin.call<{ key: string }>('POST', '/v1/keys', wanted);
      return new DebianPod(scene, name, group, new Api(scene.fleet.apiUrl, key), spec);
    } catch (error) {
      await group.stop();
      throw error;
    }
  }

  get servers(): readonly DebianServer[] {
    return this.group.servers;
  }

  /** Its entry in the inventory, from now on. */
  change(changes: Partial<PodSpec>): Promise<void> {
    return this.scene.admin.applyPods({ ...this.spec, ...changes });
  }

  stop(): Promise<void> {
    return this.group.stop();
  }

  async publish(version: string, parts: Partial<BundleParts> = {}): Promise<string> {
    this.bundles += 1;
    const folder = join(this.scene.folder, `${this.name}-${this.bundles}`);
    const bundle = await writeBundle(folder, { version, files: site(version), ...parts });
    return this.publisher.publish(bundle, this.name);
  }

  ended(id: string): Promise<DeploymentDetailView> {
    return this.publisher.ended(id);
  }

  async serves(version: string, parts: Partial<BundleParts> = {}): Promise<string> {
    const id = await this.publish(version, parts);
    const view = await this.ended(id);
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    return id;
  }

  /** What a command prints on each server, asked past Podway. */
  all(script: string): Promise<string[]> {
    return Promise.all(this.servers.map((server) => server.run(['sh', '-c', script])));
  }

  /** Every server is on this release, in rotation, and unarmed. */
  async settledOn(tree: string | undefined): Promise<void> {
    const link = tree === undefined ? undefined : `releases/${tree}`;
    const at = ({ name, root, path }: DebianServer) => liveTree({ name, path: join(root, path) });
    expect(await Promise.all(this.servers.map(at))).toEqual(this.servers.map(() => link));
    const { servers } = await this.publisher.pod(this.name);
    expect(servers.map(({ inRotation, quarantined }) => ({ inRotation, quarantined }))).toEqual(
      this.servers.map(() => ({ inRotation: true, quarantined: false })),
    );
    const left = 'ls /srv/site/.podway/staging /srv/site/.podway/watchdog | grep -E "scratch|armed" || :';
    expect(await this.all(left)).toEqual(this.servers.map(() => ''));
  }
}
