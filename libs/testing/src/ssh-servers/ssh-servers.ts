import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@podway/persistence/embedded';
import { guardServers } from './servers-guard.js';
import { SshServer } from './ssh-server.js';
import { sshdConfig, sshdProgram } from './sshd.js';

export interface SshServersOptions {
  /** How many. Default: as many as `names`, or 1. */
  count?: number;
  /** Default: `server-1`, `server-2`, … */
  names?: readonly string[];
  /** Runs a web server for each that serves `<path>/current`. Default false. */
  sites?: boolean;
  /** Where they listen. Default 127.0.0.1. */
  address?: string;
}

/** Several sshd processes in one temporary folder, with one client key for all. */
export class SshServers {
  private constructor(
    readonly root: string,
    readonly servers: readonly SshServer[],
    /** The private key that all of them accept. */
    readonly identityFile: string,
    private readonly unguard: () => void,
  ) {}

  /** Makes and starts them. Throws what to install when there is no sshd. */
  static async start(options: SshServersOptions = {}): Promise<SshServers> {
    const { sites = false, address = '127.0.0.1' } = options;
    const count = options.count ?? options.names?.length ?? 1;
    const program = await sshdProgram();
    const root = await mkdtemp(join(tmpdir(), 'podway-servers-'));
    const unguard = guardServers(root);
    const identityFile = join(root, 'client_key');
    await makeKey(identityFile);
    const servers: SshServer[] = [];
    const all = new SshServers(root, servers, identityFile, unguard);
    try {
      for (let index = 0; index < count; index += 1) {
        const name = options.names?.[index] ?? `server-${index + 1}`;
        const server = await makeServer({
          name,
          root: join(root, name),
          address,
          identityFile,
          program,
          site: sites,
        });
        servers.push(server);
        await server.start();
      }
      return all;
    } catch (error) {
      await all.stop();
      throw error;
    }
  }

  /** The server at `index`, from 0. */
  at(index: number): SshServer {
    const server = this.servers[index];
    if (!server) throw new RangeError(`There are only ${this.servers.length} servers`);
    return server;
  }

  /** Ends all of them with all that runs on them, and removes their folders. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    this.unguard();
    await rm(this.root, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function makeServer(given: {
  name: string;
  root: string;
  address: string;
  identityFile: string;
  program: string;
  site: boolean;
}): Promise<SshServer> {
  const { root, name, address, identityFile } = given;
  await mkdir(join(root, 'ssh'), { recursive: true });
  await mkdir(join(root, 'site'));
  await makeKey(join(root, 'ssh', 'host_key'));
  await copyFile(`${identityFile}.pub`, join(root, 'ssh', 'authorized_keys'));
  const [type, blob] = (await readFile(join(root, 'ssh', 'host_key.pub'), 'utf8')).split(' ');
  const id = randomUUID();
  // What would survive a reboot of the server goes to folders of its own, never to those of this machine.
  const environment = {
    PODWAY_TEST_SERVER: name,
    PODWAY_TEST_SERVER_ID: id,
    // Without the start-up files of whoever runs the tests.
    HOME: join(root, 'home'),
    PODWAY_HOST_ETC: join(root, 'etc'),
    PODWAY_HOST_RUN: join(root, 'run'),
  };
  await mkdir(join(root, 'etc', 'cron.d'), { recursive: true });
  await mkdir(join(root, 'run'));
  await mkdir(join(root, 'home'));
  const port = await freePort(address);
  await writeFile(join(root, 'ssh', 'sshd_config'), sshdConfig({ root, address, port, environment }));
  return new SshServer({
    ...given,
    port,
    httpPort: await freePort(address),
    user: userInfo().username,
    hostKey: `${type} ${blob}`,
    mark: `PODWAY_TEST_SERVER_ID=${id}`,
  });
}

async function makeKey(file: string): Promise<void> {
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'podway-test', '-f', file]);
}
