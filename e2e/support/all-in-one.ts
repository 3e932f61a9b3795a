import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PodSpec } from '@podway/contracts';
import { freePort } from '@podway/persistence/embedded';
import { SshServers } from '@podway/testing/ssh-servers';
import { Api } from './api.js';
import { site, writeBundle, type BundleParts } from './bundles.js';
import { eventually } from './eventually.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The all-in-one as a process of its own, with a POD `shop` of sshd servers. */
export class AllInOneProcess {
  private bundles = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly servers: SshServers,
    readonly admin: Api,
    readonly publisher: Api,
    private readonly accessPort: number,
    /** Of /metrics. */
    readonly healthAddress: string,
  ) {}

  static async start(env: Record<string, string>, { servers = 2 } = {}): Promise<AllInOneProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'podway-all-in-one-'));
    // As root, the embedded database runs as another user, who has to get through.
    await chmod(folder, 0o711);
    const [apiPort, accessPort, healthPort] = [await freePort(), await freePort(), await freePort()];
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, ['apps/podway/dist/main.js'], {
      cwd: root,
      env: {
        ...{ PATH, HOME, PODWAY_DATA_DIR: folder, PODWAY_CATCH_UP_MS: '86400000' },
        PODWAY_API_PORT: String(apiPort),
        PODWAY_ACCESS_PORT: String(accessPort),
        PODWAY_HEALTH_PORT: String(healthPort),
        ...env,
      },
      stdio: 'inherit',
    });
    const health = `127.0.0.1:${healthPort}`;
    await eventually('a ready all-in-one', async () => (await fetch(`http://${health}/readyz`)).ok);
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const admin = new Api(apiUrl, (await readFile(join(folder, 'admin.key'), 'utf8')).trim());
    const group = await SshServers.start({ count: servers, sites: true });
    await admin.applyPods(podOf(group));
    const role = { client: 'acme', role: 'publisher' };
    const { key } = await admin.call<{ key: string }>('POST', '/v1/keys', role);
    const publisher = new Api(apiUrl, key);
    return new AllInOneProcess(child, folder, group, admin, publisher, accessPort, health);
  }

  /** Publishes a small site to `shop` and waits for the end. Resolves with the state. */
  async publish(version: string, parts: Partial<BundleParts> = {}): Promise<string> {
    this.bundles += 1;
    const folder = join(this.folder, `bundle-${this.bundles}`);
    await writeBundle(folder, { version, files: site(version), ...parts });
    const id = await this.publisher.publish(folder, 'shop');
    return (await this.publisher.ended(id)).state;
  }

  /** The status that a visitor gets. */
  async visit(path: string, host = 'shop.test'): Promise<number> {
    const { request } = await import('undici');
    const url = `http://127.0.0.1:${this.accessPort}${path}`;
    const { statusCode, body } = await request(url, { headers: { host } });
    await body.dump();
    return statusCode;
  }

  /** Ends the process and waits: what it has to send is sent. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
  }

  async stop(): Promise<void> {
    await this.end();
    await this.servers.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
  }
}

function podOf(group: SshServers): PodSpec {
  return {
    ...{ name: 'shop', client: 'acme', hosts: ['shop.test'], path: '/nowhere' },
    servers: group.servers.map((server) => server.spec()),
    state: { driver: 'tree' },
    checks: [{ probe: 'http', path: '/health.txt', expectText: 'healthy', tries: 2, intervalMs: 100 }],
    policy: { canary: 'first' },
  };
}
