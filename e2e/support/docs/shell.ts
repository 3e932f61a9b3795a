import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a command may take on a busy machine. */
const PATIENCE_MS = 120_000;

interface Ran {
  /** Undefined when it went on until it was stopped. */
  readonly code: number | undefined;
  readonly output: string;
}

/** A shell in a folder. What a command exports is there for the next one. */
export class Shell {
  constructor(
    readonly folder: string,
    private readonly env: Record<string, string>,
  ) {}

  /** `untilMs`: it is one that has no end, and is stopped after so long. */
  async run(command: string, { untilMs }: { untilMs?: number | undefined } = {}): Promise<Ran> {
    const kept = join(this.folder, '.exported');
    const script = `[ ! -f ${kept} ] || . ${kept}\nset -o pipefail\n${command}\ncode=$?\nexport -p > ${kept}\nexit $code`;
    const child = spawn('bash', ['-c', script], {
      cwd: this.folder,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, to stop all that it has started.
      detached: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
    const cancelled = new AbortController();
    const late = sleep(untilMs ?? PATIENCE_MS, undefined, { signal: cancelled.signal }).catch(
      () => undefined,
    );
    const code = await Promise.race([ended, late]);
    cancelled.abort();
    if (code === undefined) {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
    }
    return { code, output };
  }
}
