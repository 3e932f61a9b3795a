import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** How long a command may take on a busy machine. */
const PATIENCE_MS = 300_000;

interface Ran {
  /** Undefined when it went on until it was stopped. */
  readonly code: number | undefined;
  readonly output: string;
}

/** What is typed at a terminal, once it is asked for. */
export interface Answer {
  readonly asks: RegExp;
  readonly typed: string;
}

export interface ShellOptions {
  /** It is one that has no end, and is stopped after so long. */
  readonly untilMs?: number | undefined;
  /** It runs at a terminal, and asks. */
  readonly answer?: Answer | undefined;
}

/** A shell in a folder. What a command exports is there for the next one. */
export class Shell {
  constructor(
    readonly folder: string,
    private readonly env: Record<string, string>,
  ) {}

  async run(command: string, { untilMs, answer }: ShellOptions = {}): Promise<Ran> {
    const script = `${this.restored}\nset -o pipefail\n${command}\ncode=$?\nexport -p > ${this.kept}\nexit $code`;
    // script(1) gives it a terminal.
    const argv = answer ? ['script', '-qec', script, '/dev/null'] : ['bash', '-c', script];
    const [program = '', ...args] = argv;
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...this.env, SHELL: '/bin/bash' },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, to stop all that it has started.
      detached: true,
    });
    const said = listen(child, answer);
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
    return { code, output: said() };
  }

  /** What the commands so far have exported. */
  async exported(): Promise<Record<string, string>> {
    const script = `${this.restored}\nenv -0`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env: this.env });
    const all = stdout.split('\0').map((line) => line.split(/=(.*)/s) as [string, string]);
    const own = ['', '_', 'SHLVL', 'PWD', 'OLDPWD', 'SHELL'];
    return Object.fromEntries(all.filter(([name, value]) => !own.includes(name) && this.env[name] !== value));
  }

  private get kept(): string {
    return join(this.folder, '.exported');
  }

  private get restored(): string {
    return `[ ! -f ${this.kept} ] || . ${this.kept}`;
  }
}

/** Collects what it says, and types the answer; without one there is nobody to type. */
function listen(child: ChildProcessByStdio<Writable, Readable, Readable>, answer?: Answer): () => string {
  let output = '';
  if (answer === undefined) child.stdin.end();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      const wasAsked = answer?.asks.test(output);
      output += chunk.toString();
      if (answer && !wasAsked && answer.asks.test(output)) child.stdin.write(answer.typed);
    });
  return () => output;
}
