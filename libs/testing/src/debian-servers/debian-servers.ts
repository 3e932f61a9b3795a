import { join } from 'node:path';
import { ensurePackages } from '../fleet/debian-packages.js';
import { claim, type Claim } from './claim.js';
import { debianRoots } from './debian-root.js';
import type { DebianServer } from './debian-server.js';
import { DebianServersUnavailableError } from './debian-servers.errors.js';
import { Network } from './network.js';
import { makeKey, newServer } from './new-server.js';
import type { Volume } from './server-disk.js';

export interface DebianServersOptions {
  /** Host names, one a server. */
  names: readonly string[];
  /** Debian packages that the servers have besides the base: `postgresql`. Each set is built once and kept. */
  packages?: readonly string[];
  /** Gives each server a disk of its own, so that it can be full. */
  disk?: { sizeMb: number };
  /** File systems of its own in each server's tree. */
  volumes?: readonly Volume[];
  /** Has each run nginx, which serves `<path>/current`. Default false. */
  sites?: boolean;
  /** Told what goes on while a root is built. Default: standard error. */
  tell?: (line: string) => void;
}

/** Debian servers on one network, with one client key for all. */
export class DebianServers {
  constructor(
    readonly servers: readonly DebianServer[],
    /** The private key that all of them accept. */
    readonly identityFile: string,
    private readonly ours: Claim,
  ) {}

  /** The server at `index`, from 0. */
  at(index: number): DebianServer {
    const server = this.servers[index];
    if (!server) throw new RangeError(`There are only ${this.servers.length} servers`);
    return server;
  }

  /** Ends all of them and removes all of theirs. */
  async stop(): Promise<void> {
    try {
      await Promise.all(this.servers.map((server) => server.stop()));
    } finally {
      await this.ours.release();
    }
  }
}

/**
 * Makes and starts servers. The first run of all builds what they stand on, which takes a minute.
 * @throws DebianServersUnavailableError where this machine does not let us.
 */
export async function startDebianServers(options: DebianServersOptions): Promise<DebianServers> {
  const { names, packages = [], disk, volumes = [], sites = false } = options;
  const tell = options.tell ?? ((line: string) => console.error(`debian servers: ${line}`));
  await prepareMachine(volumes, tell);
  const lowers = await debianRoots(sites ? [...packages, 'nginx'] : packages, tell);
  const ours = await claim();
  const servers: DebianServer[] = [];
  const identityFile = join(ours.folder, 'client_key');
  const all = new DebianServers(servers, identityFile, ours);
  try {
    const network = new Network(ours.network);
    await network.lay();
    await makeKey(identityFile);
    for (const [index, name] of names.entries()) {
      const folder = join(ours.folder, String(index));
      const shared = { lowers, network, identityFile, volumes, sizeMb: disk?.sizeMb, site: sites };
      servers.push(await newServer({ name, index, folder, ...shared }));
    }
    await Promise.all(servers.map((server) => server.start()));
    return all;
  } catch (error) {
    await all.stop();
    throw error;
  }
}

async function prepareMachine(volumes: readonly Volume[], tell: (line: string) => void): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new DebianServersUnavailableError('mounts and network namespaces need root');
  await ensurePackages(
    ['debootstrap', 'iproute2', 'util-linux', 'mount', 'dpkg', 'e2fsprogs', 'openssh-client'],
    tell,
  );
  if (volumes.some(({ fileSystem }) => fileSystem === 'btrfs')) await ensurePackages(['btrfs-progs'], tell);
}
