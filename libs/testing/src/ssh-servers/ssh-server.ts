import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerSpec } from '@podway/contracts';
import { descendants, haveEnded, processesWithEnvironment, signalAll } from '../process-tree.js';
import { SiteServer } from './site-server.js';

export interface SshServerParts {
  readonly name: string;
  /** The server's own folder. */
  readonly root: string;
  readonly address: string;
  readonly port: number;
  readonly httpPort: number;
  readonly user: string;
  /** As in known_hosts: type and base64. */
  readonly hostKey: string;
  readonly identityFile: string;
  readonly program: string;
  /** `NAME=value` in the environment of all that runs on this server and of nothing else. */
  readonly mark: string;
  /** Whether a web server belongs to it. */
  readonly site: boolean;
}

/** A real sshd with a folder, a host key and a port of its own, which can be broken in the ways that servers break. */
export class SshServer {
  readonly name: string;
  readonly root: string;
  /** The POD's path on this server; its web root is `<path>/current`. */
  readonly path: string;
  readonly address: string;
  readonly port: number;
  /** Where its web server listens; nothing does without `sites`. */
  readonly http: string;
  #sshd?: ChildProcess;
  #site?: SiteServer;

  constructor(private readonly parts: SshServerParts) {
    this.name = parts.name;
    this.root = parts.root;
    this.path = `${parts.root}/site`;
    this.address = parts.address;
    this.port = parts.port;
    this.http = `http://${parts.address}:${parts.httpPort}`;
  }

  /** Its inventory entry. */
  spec(changes: Partial<ServerSpec> = {}): ServerSpec {
    const { address: host, port, user, hostKey, identityFile } = this.parts;
    const ssh = { host, port, user, hostKeys: [hostKey], identityFile };
    return { name: this.name, ssh, http: this.http, path: this.path, ...changes };
  }

  /** Starts it, again on the same port. Resolves when it answers. */
  async start(): Promise<void> {
    if (this.#sshd) return;
    const sshd = spawn(this.parts.program, ['-D', '-e', '-f', `${this.root}/ssh/sshd_config`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#sshd = sshd;
    let complaint = '';
    sshd.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-4_000)));
    for (let tries = 0; !(await this.#answers()); tries += 1) {
      if (sshd.exitCode !== null || tries > 500)
        throw new Error(`${this.name}: sshd did not start: ${complaint}`);
      await sleep(20);
    }
    if (this.parts.site) {
      this.#site = await SiteServer.start({
        root: this.path,
        address: this.address,
        port: this.parts.httpPort,
      });
    }
  }

  /** Ends it at once with all that runs on it, as a power cut does to processes. */
  async stop(): Promise<void> {
    const sshd = this.#sshd;
    if (!sshd) return;
    this.#sshd = undefined;
    const ended = sshd.exitCode === null && sshd.signalCode === null ? once(sshd, 'exit') : Promise.resolve();
    // Children that are not stopped could fork in between.
    signalAll(await this.#processes(sshd), 'SIGSTOP');
    const all = await this.#processes(sshd);
    signalAll(all, 'SIGKILL');
    await Promise.all([ended, haveEnded(all)]);
    await this.#site?.stop();
    this.#site = undefined;
  }

  /** Stops it in time: ports stay open, nothing answers. */
  async freeze(): Promise<void> {
    signalAll(await this.#processes(), 'SIGSTOP');
  }

  /** Undoes `freeze`. */
  async thaw(): Promise<void> {
    signalAll(await this.#processes(), 'SIGCONT');
  }

  /** Cuts all SSH connections. Commands go on running on the server, new connections are taken. Returns how many were cut. */
  async cut(): Promise<number> {
    if (!this.#sshd?.pid) return 0;
    const connections = (await descendants(this.#sshd.pid)).filter(({ command }) => command === 'sshd');
    signalAll(
      connections.map(({ pid }) => pid),
      'SIGKILL',
    );
    return connections.length;
  }

  /** How many SSH connections are open. */
  async connections(): Promise<number> {
    const master = this.#sshd?.pid;
    if (!master) return 0;
    return (await descendants(master)).filter(({ parent, state }) => parent === master && state !== 'Z')
      .length;
  }

  /** Ids of the processes that commands have left or are running here, sshd itself not counted. */
  commands(): Promise<number[]> {
    return processesWithEnvironment(this.parts.mark);
  }

  async #processes(sshd = this.#sshd): Promise<number[]> {
    if (!sshd?.pid) return [];
    const below = (await descendants(sshd.pid)).map(({ pid }) => pid);
    const site = this.#site ? [this.#site.pid] : [];
    return [...new Set([sshd.pid, ...below, ...(await this.commands()), ...site])];
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host: this.address, port: this.port });
      const settle = (answer: boolean) => (): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.once('data', settle(true)).once('error', settle(false)).once('close', settle(false));
    });
  }
}
