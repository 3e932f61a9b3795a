import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';

/** Where Debian and others put the OpenSSH server. */
const places = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/sbin/sshd'];

/** The OpenSSH server's program. Throws what to install when there is none. */
export async function sshdProgram(): Promise<string> {
  const program = places.find((place) => existsSync(place));
  if (!program) {
    throw new Error(
      `No OpenSSH server was found (${places.join(', ')}). On Debian and Ubuntu: apt-get install openssh-server`,
    );
  }
  // Debian's sshd started by root refuses to run without this folder, which its service unit makes.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  return program;
}

export interface SshdConfig {
  readonly root: string;
  readonly address: string;
  readonly port: number;
  /** Set in the environment of every command. */
  readonly environment: Readonly<Record<string, string>>;
}

/** sshd_config(5) of one test server; its files lie in `<root>/ssh`. */
export function sshdConfig({ root, address, port, environment }: SshdConfig): string {
  const assignments = Object.entries(environment).map(([name, value]) => `"${name}=${value}"`);
  return [
    `ListenAddress ${address}:${port}`,
    `HostKey ${root}/ssh/host_key`,
    `AuthorizedKeysFile ${root}/ssh/authorized_keys`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PrintMotd no',
    'MaxStartups 100',
    'LogLevel ERROR',
    `SetEnv ${assignments.join(' ')}`,
    '',
  ].join('\n');
}
