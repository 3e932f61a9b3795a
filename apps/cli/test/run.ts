import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../src/program.js';

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  home?: string;
  /** Both outputs are a terminal of so many columns. */
  columns?: number;
  interrupted?: AbortSignal;
  /** What standard input holds. */
  stdin?: string;
  /** Standard input is a terminal where somebody answers so, question by question. */
  answers?: string[];
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs one command line in this process. */
export async function podway(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = { stdout: '', stderr: '' };
  const terminal = options.columns === undefined ? {} : { isTTY: true, columns: options.columns };
  const sink = (name: 'stdout' | 'stderr') => ({
    ...terminal,
    write: (text: string) => {
      ran[name] += text;
    },
  });
  const answers = [...(options.answers ?? [])];
  const code = await runProgram(args, {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: {
      isTTY: options.answers !== undefined,
      text: () => Promise.resolve(options.stdin ?? ''),
      line: (prompt) => {
        ran.stderr += prompt;
        return Promise.resolve(answers.shift() ?? '');
      },
    },
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    home: options.home ?? '/nonexistent',
    interrupted: options.interrupted ?? new AbortController().signal,
  });
  return { code, ...ran };
}

/** A new empty folder for a test. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'podway-cli-'));
}
