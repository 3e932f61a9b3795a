import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: string;
}

/** All processes below `root`, without it: children first to last. Linux only. */
export async function descendants(root: number): Promise<ProcessEntry[]> {
  const all = await processes();
  const found: ProcessEntry[] = [];
  const parents = new Set([root]);
  for (let grown = true; grown;) {
    const children = all.filter(({ pid, parent }) => parents.has(parent) && !parents.has(pid));
    for (const child of children) parents.add(child.pid);
    found.push(...children);
    grown = children.length > 0;
  }
  return found;
}

/** Processes whose environment holds `entry`, for example `NAME=value`, wherever they are in the tree. */
export async function processesWithEnvironment(entry: string): Promise<number[]> {
  const all = await processes();
  const held = await Promise.all(
    all.map(async ({ pid }) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(entry) ? [pid] : [];
    }),
  );
  return held.flat();
}

/** Sends the signal to each process that is still there. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Resolves when none of them is left: a process that was killed may be seen for a moment more. */
export async function haveEnded(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    for (let entry = await readEntry(pid); entry && entry.state !== 'Z'; entry = await readEntry(pid))
      await sleep(5);
  }
}

async function processes(): Promise<ProcessEntry[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(names.map((name) => readEntry(Number(name))));
  return entries.filter((entry) => entry !== undefined);
}

async function readEntry(pid: number): Promise<ProcessEntry | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const match = /^\d+ \((.*)\) (\S) (\d+) /s.exec(stat);
  if (!match) return undefined;
  const [, command = '', state = '', parent = '0'] = match;
  return { pid, parent: Number(parent), state, command };
}
