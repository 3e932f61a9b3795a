import type { StatePart } from '@podway/contracts';
import type { ServerTarget } from './state-driver.js';

/**
 * The part as options of `podway-host`: `-p NAME KIND`, then `-o KEY VALUE` for each value. What an object holds has
 * both names as its key: `commands.restore`.
 */
export function partOptions(
  { name, driver, ...settings }: StatePart,
  writes: ServerTarget['writes'] = 'drained',
): string[] {
  const extra =
    driver === 'database' ? { writes: settings.scope === 'pod' ? sharedWrites(writes) : writes } : {};
  return ['-p', name, driver, ...Object.entries({ ...settings, ...extra }).flatMap(optionsOf)];
}

function optionsOf([key, value]: [string, unknown]): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one: unknown) => optionsOf([key, one]));
  if (typeof value !== 'object') return ['-o', key, String(value)];
  return Object.entries(value).flatMap(([inner, one]: [string, unknown]) =>
    optionsOf([`${key}.${inner}`, one]),
  );
}

/** The other servers write to a shared database while one is drained. */
const sharedWrites = (writes: ServerTarget['writes']) => (writes === 'fenced' ? 'fenced' : 'open');
