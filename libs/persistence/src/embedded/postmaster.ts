import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What PostgreSQL writes into `postmaster.pid`. */
interface PidFile {
  readonly pid: number;
  readonly ready: boolean;
}

async function readPidFile(data: string): Promise<PidFile | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
}

/** Accepts connections. */
export async function isReady(data: string, pid: number): Promise<boolean> {
  const found = await readPidFile(data);
  return found?.pid === pid && found.ready;
}

/** A zombie still answers `kill 0`, so where there is /proc its state is read. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return line.charAt(line.lastIndexOf(')') + 2) !== 'Z';
}

/** A pid may have been given to another program since; a postmaster works inside its data folder. */
async function worksIn(pid: number, data: string): Promise<boolean> {
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return cwd === undefined || cwd === (await realpath(data));
}

async function endsWithin(pid: number, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += 20) {
    if (!(await isAlive(pid))) return true;
    await sleep(20);
  }
  return !(await isAlive(pid));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** Ends a postmaster: fast (SIGINT), then immediate (SIGQUIT), then by force. */
export async function endPostmaster(pid: number, fastMs = 20_000): Promise<void> {
  signal(pid, 'SIGINT');
  if (await endsWithin(pid, fastMs)) return;
  signal(pid, 'SIGQUIT');
  if (await endsWithin(pid, 5_000)) return;
  signal(pid, 'SIGKILL');
  await endsWithin(pid, 5_000);
}

/** Ends the postmaster that a killed process of ours left behind, and removes a pid file that means nobody. */
export async function reapOrphan(data: string): Promise<void> {
  const found = await readPidFile(data);
  if (!found) return;
  if ((await isAlive(found.pid)) && (await worksIn(found.pid, data))) await endPostmaster(found.pid);
  else await rm(join(data, 'postmaster.pid'), { force: true });
}
