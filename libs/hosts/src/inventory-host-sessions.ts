import type { ServerSpec } from '@podway/contracts';
import { HostAccessError } from './host.errors.js';
import { LocalHostSessions, type LocalHostOptions } from './local-host-sessions.js';
import { NodeSshHostSessions } from './node-ssh-host-sessions.js';
import type { PooledSshOptions } from './pooled-ssh-host.js';
import type { HostSession, HostSessions, OwnedHostSession } from './host-session.js';

export interface InventoryHostOptions {
  ssh?: PooledSshOptions;
  local?: LocalHostOptions;
  /** Whether servers may be the machine that Podway runs on. Default true; a fleet of several machines says false. */
  allowLocal?: boolean;
}

/** Reaches each server in the way that its inventory entry names. Rejects HOST.NO_ACCESS when it names none. */
export class InventoryHostSessions implements HostSessions {
  readonly #ssh: NodeSshHostSessions;
  readonly #local: LocalHostSessions;

  constructor(private readonly options: InventoryHostOptions = {}) {
    this.#ssh = new NodeSshHostSessions(options.ssh);
    this.#local = new LocalHostSessions(options.local);
  }

  async session(server: ServerSpec): Promise<HostSession> {
    return this.#of(server).session(server);
  }

  async fresh(server: ServerSpec): Promise<OwnedHostSession> {
    return this.#of(server).fresh(server);
  }

  close(): Promise<void> {
    return this.#ssh.close();
  }

  #of(server: ServerSpec): HostSessions {
    const { name, ssh, local = false } = server;
    if (local && ssh) throw new HostAccessError(name, 'the inventory names both ssh and local; one must go');
    if (ssh) return this.#ssh;
    if (!local) throw new HostAccessError(name, 'the inventory names neither ssh nor local');
    if (this.options.allowLocal === false) {
      throw new HostAccessError(name, 'local servers are not allowed in this installation');
    }
    return this.#local;
  }
}
