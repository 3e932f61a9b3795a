import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidConfigError, NoKeyError, NoProfileError } from '../cli.errors.js';
import type { Surroundings } from '../surroundings.js';
import { checkedUrl } from './checked-url.js';
import { DEFAULT_PROFILE, readProfile, type Profile } from './profiles.js';

export interface ConnectionSettings {
  readonly url: string;
  readonly key: string;
}

/** What the command line says of the connection. */
export interface GivenConnection {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly profile?: string | undefined;
}

/** Where a local all-in-one listens. */
export const DEFAULT_URL = 'http://127.0.0.1:7780';
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * URL and key: from the command line, a profile that it names, else the environment, else the profile that is kept for
 * that, else the local all-in-one. A key from a file goes only to where it belongs: the URL beside it, or this machine.
 */
export async function connectionSettings(
  given: GivenConnection,
  surroundings: Pick<Surroundings, 'env' | 'cwd' | 'home'>,
): Promise<ConnectionSettings> {
  const { env, cwd } = surroundings;
  const named = given.profile !== undefined;
  const said = checkedUrl(given.url ?? (named ? undefined : nonEmpty(env.PODWAY_URL)));
  const key = given.key ?? (named ? undefined : nonEmpty(env.PODWAY_KEY));
  const profile = await profileFor(given, surroundings);
  const url = said ?? profile.url ?? DEFAULT_URL;
  if (key !== undefined) return { url, key };
  if (profile.key !== undefined && url === (profile.url ?? DEFAULT_URL)) return { url, key: profile.key };
  const local = isLoopback(url) ? await localKey(cwd) : undefined;
  if (local === undefined) throw new NoKeyError(url);
  return { url, key: local };
}

/** The name of the profile that counts. */
export function profileName({ profile }: GivenConnection, env: Surroundings['env']): string {
  return profile ?? nonEmpty(env.PODWAY_PROFILE) ?? DEFAULT_PROFILE;
}

/** Whether an address is this machine. */
export function isLoopback(url: string): boolean {
  return LOOPBACK.has(new URL(url).hostname);
}

async function profileFor(
  given: GivenConnection,
  surroundings: Pick<Surroundings, 'env' | 'home'>,
): Promise<Profile> {
  const name = profileName(given, surroundings.env);
  const profile = await readProfile(name, surroundings);
  if (profile || name === DEFAULT_PROFILE) return profile ?? {};
  throw new NoProfileError(name);
}

async function localKey(cwd: string): Promise<string | undefined> {
  const file = join(cwd, '.podway', 'admin.key');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InvalidConfigError(file, (error as Error).message);
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
