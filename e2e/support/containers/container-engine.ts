import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from '@podway/testing/fleet';

const here = fileURLToPath(new URL('.', import.meta.url));

/** A real container engine, Podman with runc, that shares nothing with one that this machine has. */
export class ContainerEngine {
  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
    /** Removed with all that is in it when the engine is stopped, or its owner ends. */
    readonly folder: string,
    /** A folder on the PATH, with `docker`. */
    readonly bin: string,
    /** Finds the engine. */
    readonly env: Record<string, string>,
  ) {}

  /**
   * @param store images that are there from the beginning.
   * @throws Error with what Podman said, where it cannot be started.
   */
  static async start(store: string): Promise<ContainerEngine> {
    // Removed by engine.sh, which also knows what is mounted there.
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-containers-')));
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await copyFile(join(here, 'docker.sh'), join(bin, 'docker'));
    await chmod(join(bin, 'docker'), 0o755);
    const child = spawn('sh', [join(here, 'engine.sh'), folder, store], {
      // Ctrl-C is for us: it ends when our end of its standard input closes.
      ...{ detached: true, stdio: ['pipe', 'pipe', 'pipe'] as const },
    }) as ChildProcessByStdio<Writable, Readable, Readable>;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [ready] = (await Promise.race([once(child.stdout, 'data'), once(child.stdout, 'end')])) as [
      Buffer?,
    ];
    const engine = new ContainerEngine(child, folder, bin, {
      CONTAINERS_CONF: join(folder, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
      CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
      DISABLE_HC_SYSTEMD: 'true',
      DOCKER_HOST: `unix://${join(folder, 'engine.sock')}`,
      // Its own patience ends before a container's does that waits for others.
      COMPOSE_HTTP_TIMEOUT: '600',
      PATH: `${bin}:${process.env.PATH ?? ''}`,
    });
    if (ready !== undefined) return engine;
    await engine.stop();
    throw new Error(`No container engine can be started here: ${said}`);
  }

  /** Ends all containers, and removes what the engine has. */
  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    if (this.child.exitCode === null) {
      this.child.stdin.end();
      await gone;
    }
  }
}

export const installEngine = (tell: (line: string) => void): Promise<void> =>
  ensurePackages(
    [
      ...(['podman', 'runc', 'netavark', 'aardvark-dns', 'catatonit', 'iptables'] as const),
      ...(['docker-compose', 'debootstrap', 'util-linux', 'mount', 'openssl'] as const),
    ],
    tell,
  );
