import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerSpec } from '@podway/contracts';
import { signalAll } from '../process-tree.js';
import { DebianServersUnavailableError } from './debian-servers.errors.js';
import { addToRepository } from './local-repository.js';
import type { ServerLink } from './network.js';
import type { ServerDisk } from './server-disk.js';
import { script, tool, type ToolOptions } from './tool.js';

export interface DebianServerParts {
  readonly name: string;
  /** Of this server, on this machine. */
  readonly folder: string;
  readonly disk: ServerDisk;
  readonly link: ServerLink;
  /** As in known_hosts: type and base64. */
  readonly hostKey: string;
  readonly identityFile: string;
}

/** A Debian server with a root, an address, a host name and a process tree of its own. */
export class DebianServer {
  readonly name: string;
  readonly address: string;
  /** Its root folder, as this machine sees it; it stays while the server is down. */
  readonly root: string;
  /** The POD's path on this server. */
  readonly path = '/srv/site';
  readonly port = 22;
  readonly http: string;
  /** The process that holds its namespaces; process 1 of the server is its child. */
  #holder?: ChildProcess;
  #boots = true;

  constructor(private readonly parts: DebianServerParts) {
    this.name = parts.name;
    this.address = parts.link.address;
    this.root = parts.disk.root;
    this.http = `http://${this.address}:80`;
  }

  /** Its inventory entry. */
  spec(changes: Partial<ServerSpec> = {}): ServerSpec {
    const { hostKey, identityFile } = this.parts;
    const ssh = { host: this.address, port: this.port, user: 'root', hostKeys: [hostKey], identityFile };
    return { name: this.name, ssh, http: this.http, path: this.path, ...changes };
  }

  /** Boots it: a new boot id, an uptime from 0, an empty /run. Resolves when its services have started. */
  async start(): Promise<void> {
    if (this.#holder) return;
    const console = await open(this.#console, 'w');
    const holder = spawn('setpriv', await this.#bootCommand(), {
      stdio: ['ignore', console.fd, console.fd, 'pipe'],
      cwd: '/',
    });
    this.#holder = holder;
    holder.once('exit', () => {
      if (this.#holder === holder) this.#holder = undefined;
    });
    await console.close();
    if (!this.#boots) return;
    const up = once(holder.stdio[3] as Readable, 'data').then(() => true);
    if (await Promise.race([up, once(holder, 'exit').then(() => false)])) return;
    throw new DebianServersUnavailableError(
      `${this.name} did not boot: ${(await readFile(this.#console, 'utf8')).slice(-4_000)}`,
    );
  }

  async #bootCommand(): Promise<string[]> {
    const uptime = Math.floor(Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]));
    return [
      // However we end, so does it.
      ...['--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${this.parts.link.namespace}`],
      ...['unshare', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child'],
      ...['--time', '--boottime', `-${uptime}`],
      ...['sh', script('server'), this.root, this.name, this.#boots ? 'up' : 'hang', without],
    ];
  }

  /** Ends its whole process tree at once, as a power cut does. Its files stay. */
  async stop(): Promise<void> {
    const holder = this.#holder;
    this.#holder = undefined;
    if (!holder) return;
    const ended = once(holder, 'exit');
    const first = await firstProcess(holder);
    // It takes all others with it, and they have ended when its parent has.
    if (first !== undefined) signalAll([first], 'SIGKILL');
    await ended;
  }

  /** A power cycle. */
  async reboot(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** From now on a boot stops before anything is started: nothing answers, no hook runs. `comesUp` undoes it. */
  neverComesUp(): void {
    this.#boots = false;
  }

  comesUp(): void {
    this.#boots = true;
  }

  /** Pulls the network cable. What runs goes on; connections are not told. */
  partition(): Promise<void> {
    return this.parts.link.down();
  }

  heal(): Promise<void> {
    return this.parts.link.up();
  }

  /** Bounds its link to so many kilobits a second, each way; 0 lifts it. */
  slowLink(kbit: number): Promise<void> {
    return this.parts.link.slow(kbit);
  }

  /** Leaves no byte free. Needs `disk`. */
  fullDisk(): Promise<void> {
    return this.parts.disk.fill();
  }

  freeDisk(): Promise<void> {
    return this.parts.disk.free();
  }

  /**
   * Runs a command on it as root, past its network. Gives back what it printed.
   * @throws ToolFailedError when it does not end with 0.
   */
  async run(argv: readonly string[], options: Pick<ToolOptions, 'input'> = {}): Promise<string> {
    if (!this.#holder) throw new DebianServersUnavailableError(`${this.name} is down`);
    const target = String(await firstProcess(this.#holder));
    const enter = [
      'nsenter',
      '--target',
      target,
      '--mount',
      '--uts',
      '--ipc',
      '--net',
      '--pid',
      '--time',
      '--',
    ];
    return tool([...enter, 'setpriv', '--bounding-set', without, ...argv], { ...options, env: environment });
  }

  /** Adds .deb files of this machine to the repository that its apt uses, and lets apt read it. */
  async offerPackages(files: readonly string[]): Promise<void> {
    await addToRepository(this.root, files);
    await this.run(['apt-get', '-q', 'update']);
  }

  get #console(): string {
    return join(this.parts.folder, 'console');
  }
}

/** What would change this machine itself: its clock, modules and ports. */
const without = '-sys_time,-sys_module,-sys_rawio';

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/** Process 1 of a server, as this machine numbers it; none when its holder has ended. */
async function firstProcess(holder: ChildProcess): Promise<number | undefined> {
  while (holder.exitCode === null && holder.signalCode === null) {
    const children = await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').catch(
      () => '',
    );
    const pid = Number(children.trim());
    if (pid > 0) return pid;
    await sleep(5);
  }
  return undefined;
}
