import { PodwayError } from '@podway/contracts';

/** Where something is to listen, and the setting that says so. */
export interface ListenAt {
  readonly host: string;
  readonly port: number;
  readonly setting: string;
}

/** What the system's errors mean for whoever starts Podway. */
const meanings: Readonly<Record<string, readonly [code: string, meaning: (at: ListenAt) => string]>> = {
  EADDRINUSE: [
    'LISTENER.PORT_TAKEN',
    ({ setting }) => `another program listens there. Stop it, or set ${setting} to another port`,
  ],
  EACCES: ['LISTENER.NOT_ALLOWED', ({ setting }) => `this user may not. Set ${setting} to a port above 1023`],
  EADDRNOTAVAIL: ['LISTENER.NO_SUCH_ADDRESS', () => 'this machine has no such address'],
};

/** Podway cannot listen where it was told to. */
export class CannotListenError extends PodwayError {
  constructor({ host, port }: ListenAt, code: string, meaning: string, cause: unknown) {
    super(code, `Podway cannot listen on ${host}:${port}: ${meaning}`, { cause });
  }
}

/** Runs what listens. Rejects {@link CannotListenError} where that cannot be. */
export async function listening<T>(at: ListenAt, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const [code, meaning] = meanings[(error as NodeJS.ErrnoException).code ?? ''] ?? [];
    if (code === undefined || meaning === undefined) throw error;
    throw new CannotListenError(at, code, meaning(at), error);
  }
}
