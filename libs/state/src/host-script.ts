import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** In the order in which they make up the script. */
const parts = [
  '10-frame.sh',
  '20-lock.sh',
  '30-scan.sh',
  '35-compare.sh',
  '40-stage.sh',
  '50-delta.sh',
  '60-switch.sh',
  '70-watchdog.sh',
  '75-parts.sh',
  '76-paths.sh',
  '77-volume.sh',
  '78-database.sh',
  '78-mariadb.sh',
  '78-postgresql.sh',
  '79-packages.sh',
  '79-command.sh',
  '80-jobs.sh',
  '90-verbs.sh',
];

export interface HostScript {
  readonly text: string;
  readonly version: string;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
}

let loaded: HostScript | undefined;

/** The script `podway-host`, as it is shipped to servers. Read once. `src` and `dist` are beside `host`. */
export function hostScript(): HostScript {
  if (loaded) return loaded;
  const text = parts
    .map((part) => readFileSync(new URL(`../host/${part}`, import.meta.url), 'utf8'))
    .join('');
  const version = /^PODWAY_HOST_VERSION=(\d+)$/m.exec(text)?.[1];
  if (!version) throw new Error('podway-host names no version');
  loaded = { text, version, digest: createHash('sha256').update(text).digest('hex') };
  return loaded;
}
