import { ensurePackages } from '@podway/testing/fleet';

/** Before any test: what the machine must have is there, or is installed, or the run fails and says why. */
export default async function setup(): Promise<void> {
  await ensurePackages(
    ['rabbitmq-server', 'openssh-server', 'openssh-client', 'e2fsprogs', 'util-linux'],
    (line) => console.error(`test: ${line}`),
  );
}
