import { access } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { PodwayError } from '@podway/contracts';

/** Programs of the machine that a fleet stands on, and the Debian packages that hold them. */
const programs = {
  'rabbitmq-server': '/usr/lib/rabbitmq/bin/rabbitmq-server',
  'openssh-server': '/usr/sbin/sshd',
  'openssh-client': '/usr/bin/ssh-keygen',
  haproxy: '/usr/sbin/haproxy',
  chromium: '/usr/bin/chromium',
  rsync: '/usr/bin/rsync',
  e2fsprogs: '/usr/sbin/mkfs.ext4',
  'util-linux': '/usr/bin/flock',
  openssl: '/usr/bin/openssl',
  zsh: '/usr/bin/zsh',
  fish: '/usr/bin/fish',
  prometheus: '/usr/bin/prometheus',
  restic: '/usr/bin/restic',
  borgbackup: '/usr/bin/borg',
  attr: '/usr/bin/getfattr',
  acl: '/usr/bin/setfacl',
  'btrfs-progs': '/usr/sbin/mkfs.btrfs',
  debootstrap: '/usr/sbin/debootstrap',
  iproute2: '/usr/sbin/tc',
  dpkg: '/usr/bin/dpkg-deb',
  mount: '/usr/bin/mount',
  'qemu-system-x86': '/usr/bin/qemu-system-x86_64',
  rpm: '/usr/bin/rpmbuild',
  'mariadb-server': '/usr/sbin/mariadbd',
  'postgresql-client': '/usr/bin/psql',
  wine: '/usr/bin/wine',
  wine64: '/usr/lib/wine/wine64',
  msitools: '/usr/bin/msibuild',
  wixl: '/usr/bin/wixl',
  'postgresql-15': '/usr/lib/postgresql/15/bin/initdb',
  podman: '/usr/bin/podman',
  runc: '/usr/sbin/runc',
  netavark: '/usr/lib/podman/netavark',
  'aardvark-dns': '/usr/lib/podman/aardvark-dns',
  catatonit: '/usr/bin/catatonit',
  iptables: '/usr/sbin/iptables',
  'docker-compose': '/usr/bin/docker-compose',
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
  const argv = [LOCK, 'sh', '-c', install, 'podway-packages', ...missing];
  const { status, stderr } = spawnSync('flock', argv, { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new MissingPackagesError(missing, `apt-get failed: ${stderr.slice(-2_000)}`);
}

/** Files of tests run side by side, and each may miss something. */
const LOCK = '/run/lock/podway-test-packages';

/** Packages of databases would start a service of the machine: tests have instances of their own. See invoke-rc.d(8). */
const install = `set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
apt-get -q update
apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"
`;
