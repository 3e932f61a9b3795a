import { access } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { PodwayError } from '@podway/contracts';

/** Programs of the machine that a fleet stands on, and the Debian packages that hold them. */
const programs = {
  'rabbitmq-server': '/usr/lib/rabbitmq/bin/rabbitmq-server',
  'openssh-server': '/usr/sbin/sshd',
  'openssh-client': '/usr/bin/ssh-keygen',
  rsync: '/usr/bin/rsync',
  e2fsprogs: '/usr/sbin/mkfs.ext4',
  'util-linux': '/usr/bin/flock',
} as const;
export type DebianPackage = keyof typeof programs;

/** Something is missing that cannot be installed from here. */
export class MissingPackagesError extends PodwayError {
  constructor(missing: readonly string[], why: string) {
    super(
      'FLEET.PACKAGES_MISSING',
      `Missing: ${missing.join(', ')}. ${why}. On Debian, as root: apt-get install ${missing.join(' ')}`,
    );
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Installs what is missing, on Debian as root.
 * @throws MissingPackagesError where that is not possible. Never goes on without.
 */
export async function ensurePackages(
  wanted: readonly DebianPackage[],
  tell: (line: string) => void,
): Promise<void> {
  const there = await Promise.all(wanted.map((name) => isThere(programs[name])));
  const missing = wanted.filter((_, index) => !there[index]);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) throw new MissingPackagesError(missing, 'Only root may install packages');
  if (!(await isThere('/usr/bin/apt-get')))
    throw new MissingPackagesError(missing, 'This machine has no apt-get');
  tell(`installing ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const argv of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', ...missing],
  ]) {
    const run = spawnSync('apt-get', argv, { env, encoding: 'utf8' });
    if (run.status !== 0)
      throw new MissingPackagesError(missing, `apt-get ${argv[0]} failed: ${run.stderr.slice(-2_000)}`);
  }
}
