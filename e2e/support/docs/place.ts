import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@podway/persistence/embedded';
import { Podway } from '@podway/sdk';
import { eventually } from '../eventually.js';
import { Shell } from './shell.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A folder as a reader has it, with Podway running in it as `npm start` runs it, and `podway` on the PATH. */
export class Place {
  readonly url: string;
  readonly accessUrl: string;
  readonly healthUrl: string;
  private child: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    private readonly options: readonly string[],
    private readonly ports: readonly [number, number, number],
    private readonly env: Record<string, string>,
  ) {
    [this.url, this.accessUrl, this.healthUrl] = ports.map((port) => `http://127.0.0.1:${port}`) as [
      string,
      string,
      string,
    ];
  }

  /** `cli`: the packed command line. */
  static async make(
    folder: string,
    cli: string,
    { options = [], env = {} }: { options?: readonly string[]; env?: Record<string, string> },
  ): Promise<Place> {
    const bin = join(folder, 'bin');
    await mkdir(bin, { recursive: true, mode: 0o711 });
    await mkdir(join(folder, 'home/.config/fish/completions'), { recursive: true });
    await writeFile(join(bin, 'podway'), `#!/bin/sh\nexec ${process.execPath} ${cli} "$@"\n`, {
      mode: 0o755,
    });
    // What is refused has to be seen, whatever the page lets curl do with it.
    const curl = '#!/bin/sh\nexec /usr/bin/curl --fail-with-body "$@"\n';
    await writeFile(join(bin, 'curl'), curl, { mode: 0o755 });
    await mkdir(join(folder, 'work'), { mode: 0o711 });
    await symlink(join(root, 'examples'), join(folder, 'work/examples'));
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const { PATH = '' } = process.env;
    return new Place(folder, options, ports, { ...env, PATH: `${bin}:${PATH}`, HOME: join(folder, 'home') });
  }

  get work(): string {
    return join(this.folder, 'work');
  }

  async shell(): Promise<Shell> {
    return new Shell(this.work, { ...this.env, PODWAY_URL: this.url, PODWAY_KEY: await this.adminKey() });
  }

  async admin(): Promise<Podway> {
    return new Podway({ url: this.url, key: await this.adminKey() });
  }

  private async adminKey(): Promise<string> {
    return (await readFile(join(this.work, '.podway/admin.key'), 'utf8')).trim();
  }

  async start(): Promise<void> {
    const [apiPort, accessPort, healthPort] = this.ports;
    const child = spawn(process.execPath, [join(root, 'apps/podway/dist/main.js'), ...this.options], {
      cwd: this.work,
      env: {
        ...this.env,
        PODWAY_API_PORT: String(apiPort),
        PODWAY_ACCESS_PORT: String(accessPort),
        PODWAY_HEALTH_PORT: String(healthPort),
        PODWAY_LOG_LEVEL: 'fatal',
        PODWAY_WEBHOOKS_PRIVATE: 'true',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const last = this.options.includes('--demo') ? 'Ctrl-C stops' : 'Dashboard: ';
    await eventually('a running Podway', () => {
      if (child.exitCode !== null) throw new Error(`It ended: ${said}`);
      return Promise.resolve(said.includes(last));
    });
  }

  get isRunning(): boolean {
    const { child } = this;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!this.isRunning || child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}
