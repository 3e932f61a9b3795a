import { access, chown, constants, lstat, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Numeric, so that no user need be created. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Ids in a range that neither Debian nor systemd hands out. */
const own: Ids = { uid: 60_960, gid: 60_960 };

/** Whom PostgreSQL runs as: us, or for root an id without rights. */
export function postgresIds(): Ids | undefined {
  return process.getuid?.() === 0 ? own : undefined;
}

/** initdb insists on a user with a name; what it makes is handed over afterwards. */
export async function namedIds(): Promise<Ids> {
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'nobody') ?? users.find(([, , uid]) => Number(uid) > 0);
  return user ? { uid: Number(user[2]), gid: Number(user[3]) } : own;
}

/** The first folder on the way to `path` that these ids may not enter. */
export async function closedFolder(path: string, ids: Ids): Promise<string | undefined> {
  const here = resolve(path);
  const above = dirname(here);
  const closed = above === here ? undefined : await closedFolder(above, ids);
  if (closed) return closed;
  const found = await stat(here).catch(() => undefined);
  if (!found?.isDirectory()) return undefined;
  const bit = found.uid === ids.uid ? 0o100 : found.gid === ids.gid ? 0o010 : 0o001;
  return found.mode & bit ? undefined : here;
}

/** chown -R, links not followed. */
export async function handOver(folder: string, { uid, gid }: Ids): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!(await lstat(path)).isSymbolicLink()) await chown(path, uid, gid);
  }
  await chown(folder, uid, gid);
}

export function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
