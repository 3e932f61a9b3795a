import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@podway/persistence/embedded';
import { Podway } from '@podway/sdk';
import { checkOut } from './checkout.js';
import { Running } from './running.js';
import { Shell } from './shell.js';

/** A clone as a reader has it, with Podway running in it, and `podway` on the PATH. */
export class Place {
  readonly url: string;
  readonly accessUrl: string;
  readonly healthUrl: string;
  private running: Running | undefined;

  private constructor(
    readonly folder: string,
    /** What starts Podway. */
    readonly command: string,
    private readonly ports: readonly [number, number, number],
    /** What every command has, wherever it runs. */
    readonly ownEnv: Record<string, string>,
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
    { command, env = {} }: { command: string; env?: Record<string, string> },
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
    await checkOut(join(folder, 'work'));
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const { PATH = '' } = process.env;
    const quiet = { npm_config_update_notifier: 'false' };
    const own = { ...quiet, PATH: `${bin}:${PATH}`, HOME: join(folder, 'home') };
    return new Place(folder, command, ports, own, { ...env, ...own });
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

  async adminKey(): Promise<string> {
    return (await readFile(join(this.work, '.podway/admin.key'), 'utf8')).trim();
  }

  async start(): Promise<void> {
    const [apiPort, accessPort, healthPort] = this.ports;
    const last = this.command.includes('npm start') ? 'Ctrl-C stops' : 'Dashboard: ';
    this.running = await Running.start(this.command, {
      cwd: this.work,
      env: {
        ...this.env,
        PODWAY_API_PORT: String(apiPort),
        PODWAY_ACCESS_PORT: String(accessPort),
        PODWAY_HEALTH_PORT: String(healthPort),
        PODWAY_LOG_LEVEL: 'fatal',
        PODWAY_WEBHOOKS_PRIVATE: 'true',
        PODWAY_OIDC_ALLOW_HTTP_LOOPBACK: 'true',
      },
      ready: (said) => said.includes(last),
    });
  }

  get isRunning(): boolean {
    return this.running?.isRunning ?? false;
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }
}
