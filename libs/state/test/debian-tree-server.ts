import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StateSpec } from '@podway/contracts';
import type { HostSession } from '@podway/hosts';
import {
  startDebianServers,
  type DebianServer,
  type DebianServersOptions,
} from '@podway/testing/debian-servers';
import type { TreeServer } from './tree-server.js';

/** A Debian server behind the same face as a folder of this machine. */
export interface DebianTreeServer extends TreeServer {
  readonly debian: DebianServer;
  stop(): Promise<void>;
}

interface Connected extends Omit<DebianServersOptions, 'names'> {
  /** Gives a session to a server. */
  connect(server: DebianServer): Promise<HostSession>;
}

/** Makes and starts servers of one POD. `stop` of any ends all. */
export async function debianTreeServers(
  state: Partial<StateSpec>,
  names: readonly string[],
  { connect, ...options }: Connected,
): Promise<DebianTreeServer[]> {
  const all = await startDebianServers({ names, ...options });
  const stop = () => all.stop();
  return Promise.all(all.servers.map(async (debian) => standFor(debian, await connect(debian), state, stop)));
}

function standFor(
  debian: DebianServer,
  session: HostSession,
  state: Partial<StateSpec>,
  stop: () => Promise<void>,
): DebianTreeServer {
  const { path, root } = debian;
  return {
    debian,
    session,
    path,
    stop,
    folder: root,
    state: { driver: 'tree', ...state },
    file: (inside) => join(path, inside),
    write: (files, below = path) => {
      for (const [file, text] of Object.entries(files)) {
        const place = join(root, below, file);
        mkdirSync(dirname(place), { recursive: true });
        writeFileSync(place, text);
      }
    },
    // Its time since boot is real: it is the watchdog's end that comes nearer.
    bootedSince: () => {
      const file = join(root, path, '.podway/watchdog/armed');
      const fields = readFileSync(file, 'utf8').trim().split('\t');
      writeFileSync(file, `${[...fields.slice(0, 3), '0'].join('\t')}\n`);
    },
    remove: () => undefined,
  };
}
