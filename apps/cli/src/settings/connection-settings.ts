import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidConfigError, NoKeyError, UsageError } from '../cli.errors.js';
import type { Surroundings } from '../surroundings.js';

export interface ConnectionSettings {
  readonly url: string;
  readonly key: string;
}

/** Where a local all-in-one listens. */
export const DEFAULT_URL = 'http://127.0.0.1:7780';
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * URL and key: from the command line, else the environment, else the configuration file, else the local all-in-one.
 * A key from a file goes only to where it belongs: the configured URL, or this machine.
 */
export async function connectionSettings(
  given: { url?: string; key?: string },
  surroundings: Pick<Surroundings, 'env' | 'cwd' | 'home'>,
): Promise<ConnectionSettings> {
  const { env, cwd } = surroundings;
  const said = checkedUrl(given.url ?? nonEmpty(env.PODWAY_URL));
  const key = given.key ?? nonEmpty(env.PODWAY_KEY);
  const config = await readConfig(configFile(surroundings));
  const url = said ?? config.url ?? DEFAULT_URL;
  if (key !== undefined) return { url, key };
  if (config.key !== undefined && url === (config.url ?? DEFAULT_URL)) return { url, key: config.key };
  const local = LOOPBACK.has(new URL(url).hostname) ? await localKey(cwd) : undefined;
  if (local === undefined) throw new NoKeyError(url);
  return { url, key: local };
}

function configFile({ env, home }: Pick<Surroundings, 'env' | 'home'>): string {
  return join(nonEmpty(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'podway', 'config.json');
}

async function readConfig(file: string): Promise<Partial<ConnectionSettings>> {
  const text = await readIfThere(file);
  if (text === undefined) return {};
  if ((await stat(file)).mode & 0o077) {
    throw new InvalidConfigError(file, 'others can read it, and it may hold a key: chmod 600');
  }
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

async function localKey(cwd: string): Promise<string | undefined> {
  return (await readIfThere(join(cwd, '.podway', 'admin.key')))?.trim();
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InvalidConfigError(file, (error as Error).message);
  }
}

function checkedUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`${url} is not an http or https address`);
  }
  return url.replace(/\/+$/, '');
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
