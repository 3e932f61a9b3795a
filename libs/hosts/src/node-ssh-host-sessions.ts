import type { ServerSpec, SshAccess, SshHop } from '@podway/contracts';
import { CommandHostSession } from './command-host-session.js';
import { HostAccessError } from './host.errors.js';
import { PooledSshHost, type PooledSshOptions } from './pooled-ssh-host.js';
import type { HostSession, HostSessions, OwnedHostSession } from './host-session.js';

/** SSH with pinned host keys: one connection a server, one a jump host. */
export class NodeSshHostSessions implements HostSessions {
  readonly #hosts = new Map<string, PooledSshHost>();

  constructor(private readonly options: PooledSshOptions = {}) {}

  async session(server: ServerSpec): Promise<HostSession> {
    const { jump, ...target } = accessOf(server);
    const host = this.#pooled(server.name, target, jump && this.#pooled(jump.host, jump));
    await host.connection();
    return new CommandHostSession(server.name, (argv, signal) => host.start(argv, signal));
  }

  async fresh(server: ServerSpec): Promise<OwnedHostSession> {
    const { jump, ...target } = accessOf(server);
    const through = jump && new PooledSshHost(jump.host, jump, this.options);
    const host = new PooledSshHost(server.name, target, this.options, through);
    const close = async (): Promise<void> => {
      await host.close();
      await through?.close();
    };
    try {
      await host.connection();
    } catch (error) {
      await close();
      throw error;
    }
    const session = new CommandHostSession(server.name, (argv, signal) => host.start(argv, signal));
    return Object.assign(session, { close });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }

  /** Names are in the key, so that an error never names a server of another POD. */
  #pooled(name: string, hop: SshHop, jump?: PooledSshHost): PooledSshHost {
    const { host, port, user, hostKeys, identityFile } = hop;
    const key = JSON.stringify([name, host, port, user, hostKeys, identityFile, jump?.key]);
    const known = this.#hosts.get(key);
    if (known) return known;
    const made = new PooledSshHost(name, hop, this.options, jump, key);
    this.#hosts.set(key, made);
    return made;
  }
}

function accessOf(server: ServerSpec): SshAccess {
  if (!server.ssh) throw new HostAccessError(server.name, 'the inventory names no SSH access');
  return server.ssh;
}
