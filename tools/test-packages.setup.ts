import { ensurePackages } from '@podway/testing/fleet';

/** Before any test: what the machine must have is there, or is installed, or the run fails and says why. */
export default async function setup(): Promise<void> {
  await ensurePackages(
    [
      ...(['rabbitmq-server', 'openssh-server', 'openssh-client', 'openssl', 'haproxy'] as const),
      ...(['e2fsprogs', 'util-linux', 'rsync', 'restic', 'borgbackup', 'attr', 'acl'] as const),
      // What Debian test servers are made with.
      ...(['debootstrap', 'iproute2', 'mount', 'dpkg', 'btrfs-progs', 'qemu-system-x86'] as const),
      ...(['prometheus', 'postgresql-15', 'mariadb-server'] as const),
      // What the dashboard is looked at with.
      'chromium',
    ],
    (line) => console.error(`test: ${line}`),
  );
}
