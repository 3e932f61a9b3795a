import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolderInUseError } from './embedded.errors.js';
import { isAlive } from './postmaster.js';

interface Owner {
  readonly pid: number;
  /** Start time in ticks since boot; a pid alone may be somebody else by now. Empty without /proc. */
  readonly started: string;
}

async function startTime(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Claimed by this very process. */
const claimed = new Set<string>();

const fileIn = (folder: string): string => join(folder, 'owner.json');

async function readOwner(folder: string): Promise<Owner | undefined> {
  const text = await readFile(fileIn(folder), 'utf8').catch(() => '');
  return text ? (JSON.parse(text) as Owner) : undefined;
}

/** Claims the data folder for this process; who died holding it does not count. */
export async function claimFolder(folder: string): Promise<void> {
  if (claimed.has(folder)) throw new DataFolderInUseError(folder, process.pid);
  const owner = await readOwner(folder);
  if (owner && owner.pid !== process.pid && (await isAlive(owner.pid))) {
    if ((await startTime(owner.pid)) === owner.started) throw new DataFolderInUseError(folder, owner.pid);
  }
  claimed.add(folder);
  const mine: Owner = { pid: process.pid, started: await startTime(process.pid) };
  const temporary = `${fileIn(folder)}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(mine), { mode: 0o600 });
  await rename(temporary, fileIn(folder));
}

export async function releaseFolder(folder: string): Promise<void> {
  if (!claimed.delete(folder)) return;
  const owner = await readOwner(folder);
  if (owner?.pid === process.pid) await rm(fileIn(folder), { force: true });
}
