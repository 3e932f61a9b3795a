import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../../examples/site-server.mjs', import.meta.url));

/** The example's static web server as a process of its own, for one server folder. */
export class SiteServer {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it listens. `root`: the folder that holds `current`. */
  static async start(options: { root: string; address: string; port: number }): Promise<SiteServer> {
    const { root, address, port } = options;
    const child = spawn(process.execPath, [program, root, `${address}:${port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [first] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    if (!(first instanceof Uint8Array))
      throw new Error(`The site server did not start on ${address}:${port}`);
    return new SiteServer(child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
