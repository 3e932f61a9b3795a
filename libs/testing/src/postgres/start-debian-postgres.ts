import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@podway/persistence/embedded';
import { guardFolder } from '../orphan-guard.js';

const run = promisify(execFile);
const programs = '/usr/lib/postgresql/15/bin';

/** A private PostgreSQL of Debian's package, of the same version as Debian's client programs. */
export interface DebianPostgres {
  readonly port: number;
  /** Whoever connects over the loopback is believed. Default: the superuser, and its own database. */
  url(database?: string, user?: string): string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts in some seconds. Needs Debian's `postgresql-15`. Not durable. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-debian-postgres-')));
  const dismissGuard = guardFolder(folder);
  const asOwner = await ownerOf(folder);
  const data = join(folder, 'data');
  const port = await freePort();
  const stop = async (): Promise<void> => {
    await asOwner(`${programs}/pg_ctl`, '-D', data, '-m', 'immediate', '-w', 'stop').catch(() => undefined);
    dismissGuard();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const making = ['-U', 'postgres', '-N', '-E', 'UTF8', '--locale=C.UTF-8', '--auth=trust'];
    await asOwner(`${programs}/initdb`, '-D', data, ...making);
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'fsync=off', 'shared_buffers=16MB'];
    const options = [`-k ${folder}`, ...settings.map((setting) => `-c ${setting}`)].join(' ');
    await asOwner(`${programs}/pg_ctl`, '-D', data, '-o', options, '-l', `${folder}/log`, '-w', 'start');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    url: (database = 'postgres', user = 'postgres') =>
      `postgres://${user}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    stop,
  };
}

type Run = (program: string, ...args: string[]) => Promise<unknown>;

/** PostgreSQL does not run as root: Debian's user of that name does it then. */
async function ownerOf(folder: string): Promise<Run> {
  if (process.getuid?.() !== 0) return (program, ...args) => run(program, args, { cwd: folder });
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([name]) => name === 'postgres') ?? [];
  await chown(folder, Number(uid), Number(gid));
  await chmod(folder, (await stat(folder)).mode | 0o011);
  return (program, ...args) => run('runuser', ['-u', 'postgres', '--', program, ...args], { cwd: folder });
}
