import { spawn, type ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresCluster } from './postgres-cluster.js';
import { endPostmaster, isReady } from './postmaster.js';

/** A running server, child of this process. */
export class PostmasterProcess {
  private ended = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly data: string,
    onEnd: (process: PostmasterProcess) => void,
  ) {
    const atExit = (): void => void child.kill('SIGINT');
    process.once('exit', atExit);
    const end = (): void => {
      if (this.ended) return;
      this.ended = true;
      process.removeListener('exit', atExit);
      onEnd(this);
    };
    child.once('exit', end);
    child.once('error', end);
  }

  static async launch(
    binary: string,
    cluster: PostgresCluster,
    { port, durable }: { port: number; durable: boolean },
    onEnd: (process: PostmasterProcess) => void,
  ): Promise<PostmasterProcess> {
    const settings = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'logging_collector=off',
      'max_connections=200',
      ...(durable ? [] : ['fsync=off', 'full_page_writes=off']),
    ];
    const log = await open(cluster.log, 'a', 0o600);
    const child = spawn(binary, ['-D', cluster.data, ...settings.flatMap((setting) => ['-c', setting])], {
      // A session of its own: Ctrl-C is meant for us, and the server must outlive our draining.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { LC_ALL: 'C' },
      cwd: '/',
      ...cluster.ids,
    });
    const launched = new PostmasterProcess(child, cluster.data, onEnd);
    await log.close();
    return launched;
  }

  get pid(): number | undefined {
    return this.ended ? undefined : this.child.pid;
  }

  /** Whether it accepts connections within `timeoutMs`. What does not is ended. */
  async becomesReady(timeoutMs: number): Promise<boolean> {
    const giveUp = Date.now() + timeoutMs;
    while (this.pid !== undefined) {
      if (await isReady(this.data, this.pid)) return true;
      if (Date.now() > giveUp) await endPostmaster(this.pid, 1_000);
      await sleep(10);
    }
    return false;
  }
}
