import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NAME } from '@podway/contracts';
import { InvalidConfigError, UsageError } from '../cli.errors.js';
import type { Surroundings } from '../surroundings.js';
import { checkedUrl } from './checked-url.js';

/** Where Podway is and who calls, kept under a name. */
export interface Profile {
  readonly url?: string;
  readonly key?: string;
}

/** The profile that is meant when none is named. */
export const DEFAULT_PROFILE = 'default';

type Where = Pick<Surroundings, 'env' | 'home'>;

function folder({ env, home }: Where): string {
  const said = env.XDG_CONFIG_HOME;
  return join(said === undefined || said === '' ? join(home, '.config') : said, 'podway');
}

/** The file of a profile. @throws UsageError for a name that could be none. */
export function profileFile(name: string, where: Where): string {
  if (!NAME.test(name))
    throw new UsageError(`${name} is no name for a profile: lower-case letters and digits`);
  return name === DEFAULT_PROFILE
    ? join(folder(where), 'config.json')
    : join(folder(where), 'profiles', `${name}.json`);
}

/** What is kept under a name; undefined when nothing is. @throws InvalidConfigError */
export async function readProfile(name: string, where: Where): Promise<Profile | undefined> {
  const file = profileFile(name, where);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new InvalidConfigError(file, error.message);
  });
  if (text === undefined) return undefined;
  if ((await stat(file)).mode & 0o077) {
    throw new InvalidConfigError(file, 'others can read it, and it may hold a key: chmod 600');
  }
  return profileOf(file, text);
}

/** Keeps it, readable by its owner only. Returns the file. */
export async function writeProfile(name: string, profile: Profile, where: Where): Promise<string> {
  const file = profileFile(name, where);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, `${JSON.stringify(profile, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(beside, 0o600);
  await rename(beside, file);
  return file;
}

/** Whether there was one. */
export async function removeProfile(name: string, where: Where): Promise<boolean> {
  const file = profileFile(name, where);
  const there = await stat(file).then(
    () => true,
    () => false,
  );
  await rm(file, { force: true });
  return there;
}

/** The names of all that are kept. */
export async function profileNames(where: Where): Promise<string[]> {
  const [first, others] = await Promise.all([
    readdir(folder(where)).catch((): string[] => []),
    readdir(join(folder(where), 'profiles')).catch((): string[] => []),
  ]);
  const named = others.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  return [
    ...(first.includes('config.json') ? [DEFAULT_PROFILE] : []),
    ...named.filter((name) => NAME.test(name)).sort(),
  ];
}

function profileOf(file: string, text: string): Profile {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new InvalidConfigError(file, `not JSON: ${(error as Error).message}`);
  }
  const { url, key } = (config ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries({ url, key })) {
    if (value !== undefined && typeof value !== 'string') {
      throw new InvalidConfigError(file, `${name} must be a text`);
    }
  }
  const checked = checkedUrl(url as string | undefined);
  return {
    ...(checked === undefined ? {} : { url: checked }),
    ...(key === undefined ? {} : { key: key as string }),
  };
}
