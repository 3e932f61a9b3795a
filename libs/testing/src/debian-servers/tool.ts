import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { ToolFailedError } from './debian-servers.errors.js';

export interface ToolOptions {
  input?: string | Uint8Array;
  env?: NodeJS.ProcessEnv;
  /** Told each line of its output. */
  tell?: (line: string) => void;
}

/**
 * Runs a program of this machine and gives back its standard output.
 * @throws ToolFailedError when it does not end with 0.
 */
export async function tool(argv: readonly string[], options: ToolOptions = {}): Promise<string> {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env });
  // A program that does not read its input says by its exit what is wrong.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  if (options.tell) tellLines(child.stdout, options.tell);
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new ToolFailedError(argv, signal ?? `exit ${code}`, stderr || stdout);
  return stdout;
}

function tellLines(stream: NodeJS.ReadableStream, tell: (line: string) => void): void {
  stream.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n')) if (line !== '') tell(line);
  });
}

/** A shell script of this lib. `src` and `dist` are beside `debian`. */
export function script(name: 'build' | 'server' | 'clean-up' | 'image'): string {
  return fileURLToPath(new URL(`../../debian/${name}.sh`, import.meta.url));
}
