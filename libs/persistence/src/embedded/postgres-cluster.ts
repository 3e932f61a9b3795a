import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DataFolderUnreachableError, PostgresStartError } from './embedded.errors.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { closedFolder, exists, handOver, namedIds, postgresIds } from './unprivileged.js';

const run = promisify(execFile);

/** The role that owns everything. */
export const role = 'podway';

/** A folder of ours: `data` belongs to PostgreSQL; the password and the log stay with us. */
export class PostgresCluster {
  readonly data: string;
  readonly log: string;
  /** Whom the server runs as; unset means as us. */
  ids = postgresIds();

  constructor(readonly folder: string) {
    this.data = join(folder, 'data');
    this.log = join(folder, 'postgres.log');
  }

  /** Makes the folder; checks that PostgreSQL can reach what will be in it. */
  async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    if (!this.ids) return;
    const owner = await stat(this.data).catch(() => undefined);
    if (owner && owner.uid !== 0) this.ids = { uid: owner.uid, gid: owner.gid };
    // Passage only, no look: the names inside are known anyway, the files are 0600.
    await chmod(this.folder, ((await stat(this.folder)).mode & 0o777) | 0o011);
    const closed = await closedFolder(this.folder, this.ids);
    if (closed) throw new DataFolderUnreachableError(this.folder, closed);
  }

  /** The random password of {@link role}, made at first use and readable by us alone. */
  async password(): Promise<string> {
    const file = join(this.folder, 'password');
    const known = await readFile(file, 'utf8').catch(() => '');
    if (known) return known.trim();
    const made = randomBytes(24).toString('base64url');
    await writeFile(`${file}.new`, `${made}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return made;
  }

  /** initdb, once. Made aside and renamed, so that a half-made cluster is never taken for one. */
  async initialise(binaries: PostgresBinaries, durable: boolean): Promise<void> {
    if (await exists(this.data)) return;
    const stage = join(this.folder, 'initdb');
    const made = join(stage, 'data');
    const passwordFile = join(stage, 'password');
    await rm(stage, { recursive: true, force: true });
    await mkdir(stage, { mode: 0o700 });
    await writeFile(passwordFile, await this.password(), { mode: 0o600 });
    const initIds = this.ids && (await namedIds());
    if (initIds) await handOver(stage, initIds);
    const options = ['-D', made, '-U', role, `--pwfile=${passwordFile}`, '-A', 'scram-sha-256', '-E', 'UTF8'];
    const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
    try {
      await run(binaries.initdb, [...options, ...locale, ...(durable ? [] : ['--no-sync'])], {
        env: { LC_ALL: 'C' },
        cwd: '/',
        ...initIds,
      });
    } catch (cause) {
      const { stderr } = cause as { stderr?: string };
      throw new PostgresStartError(`initdb failed in ${this.folder}`, { folder: this.folder, stderr }, cause);
    }
    if (this.ids) await handOver(made, this.ids);
    await rename(made, this.data);
    await rm(stage, { recursive: true, force: true });
  }

  /** The last words of the server, for an error message. */
  async logTail(): Promise<string> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    return text.split('\n').slice(-12).join('\n').trim();
  }
}
