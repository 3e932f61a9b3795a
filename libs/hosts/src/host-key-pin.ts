import ssh2, { type ServerHostKeyAlgorithm } from 'ssh2';
import { HostKeyMismatchError } from './host.errors.js';

const algorithmsOfType: Record<string, ServerHostKeyAlgorithm[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
};

/** The host keys that the inventory names for one host, against the one that it shows. */
export class HostKeyPin {
  readonly #pinned: readonly { type: string; blob: string }[];
  #refused?: Buffer;

  /** `hostKeys` as in known_hosts, without the host: type, base64, comment. */
  constructor(hostKeys: readonly string[]) {
    this.#pinned = hostKeys.map((line) => {
      const [type = '', blob = ''] = line.split(' ');
      return { type, blob };
    });
  }

  /** What to ask for first, so that a host with several keys shows a pinned one. */
  algorithms(): ServerHostKeyAlgorithm[] {
    return this.#pinned.flatMap(({ type }) => algorithmsOfType[type] ?? []);
  }

  accepts(key: Buffer): boolean {
    const accepted = this.#pinned.some(({ blob }) => Buffer.from(blob, 'base64').equals(key));
    if (!accepted) this.#refused = key;
    return accepted;
  }

  get refused(): boolean {
    return this.#refused !== undefined;
  }

  mismatch(server: string, host: string): HostKeyMismatchError {
    const shown = this.#refused ?? Buffer.alloc(0);
    const parsed = ssh2.utils.parseKey(shown);
    const type = parsed instanceof Error ? 'unknown' : parsed.type;
    return new HostKeyMismatchError(server, host, `${type} ${shown.toString('base64')}`);
  }
}
