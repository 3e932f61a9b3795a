import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { TreeServer } from './tree-server.js';

export interface CutCall {
  /** Null when it was killed. */
  readonly code: number | null;
  /** Commands that were begun. */
  readonly commands: number;
}

/**
 * Runs a verb and kills it with SIGKILL just before its command number `at`: the shell alone, or with all that it
 * started. The shell's own trace counts the commands, so that every point of the script can be hit exactly.
 */
export async function cutCall(
  server: TreeServer,
  { at, whom, stdin }: { at: number; whom: 'shell' | 'group'; stdin?: Readable },
  ...call: (string | number)[]
): Promise<CutCall> {
  const target = whom === 'group' ? '0' : '$$';
  const env = {
    PATH: process.env.PATH,
    PODWAY_HOST_PROC: `${server.folder}/proc`,
    PODWAY_HOST_ETC: `${server.folder}/etc`,
    PODWAY_HOST_RUN: `${server.folder}/run`,
    // Backticks: dash 0.5.12 cannot read the other form inside a trap.
    PS4: `cut:$((n=\${n:-0}+1)):\`[ $n -ne ${at} ] || kill -s KILL ${target}\` `,
  };
  const script = server.file('.podway/bin/podway-host');
  const child = spawn('sh', ['-x', script, server.path, ...call.map(String)], {
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  // It may be gone before it has read everything.
  child.stdin.on('error', () => undefined);
  if (stdin) stdin.pipe(child.stdin);
  else child.stdin.end();
  let trace = '';
  child.stderr.on('data', (chunk: Buffer) => (trace += chunk.toString('latin1')));
  const [code] = (await once(child, 'close')) as [number | null];
  stdin?.destroy();
  const counts = [...trace.matchAll(/^cut:(\d+):/gm)].map((match) => Number(match[1]));
  return { code, commands: Math.max(0, ...counts) };
}
