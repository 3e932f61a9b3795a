import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../eventually.js';

/** Nine processes on a busy machine. */
const PATIENCE_MS = 300_000;

/** A command that goes on until somebody types Ctrl-C. */
export class Running {
  private said = '';
  private readonly gone: Promise<unknown>;

  private constructor(
    readonly command: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
    const end = (): void => this.signal('SIGKILL');
    process.once('exit', end);
    this.gone = once(child, 'close').then(() => process.off('exit', end));
  }

  /** Resolves when it is ready, which `ready` tells from what it has said. Rejects when it ends before. */
  static async start(
    command: string,
    options: {
      cwd: string;
      env: Record<string, string>;
      ready: (said: string) => boolean | Promise<boolean>;
    },
  ): Promise<Running> {
    const { cwd, env, ready } = options;
    // A group of its own, as a terminal makes it.
    const child = spawn('bash', ['-c', command], {
      ...{ cwd, env, detached: true },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new Running(command, child);
    try {
      await eventually(`${command} is ready`, async () => !running.isRunning || (await ready(running.said)), {
        timeoutMs: PATIENCE_MS,
      });
      if (!running.isRunning) throw new Error(`It ended: ${running.said}`);
    } catch (error) {
      await running.stop();
      throw new Error(`${command}: ${running.said}`, { cause: error });
    }
    return running;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Ctrl-C, which reaches all that it has started, and waits for them. */
  async stop(): Promise<void> {
    this.signal('SIGINT');
    await this.gone;
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.isRunning && this.child.pid !== undefined) process.kill(-this.child.pid, signal);
  }
}
