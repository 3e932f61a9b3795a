import { PodwayError } from '@podway/contracts';

/** No PostgreSQL binaries for this platform, or they cannot be run. */
export class PostgresBinariesError extends PodwayError {
  constructor(message: string, details: Record<string, unknown>, cause?: unknown) {
    super('EMBEDDED.BINARIES_MISSING', message, { details, cause });
  }
}

/** PostgreSQL drops root's rights and then cannot enter a folder on the way to its data. */
export class DataFolderUnreachableError extends PodwayError {
  constructor(folder: string, closed: string) {
    super(
      'EMBEDDED.DATA_FOLDER_UNREACHABLE',
      `PostgreSQL does not run as root, and other users may not enter ${closed}. ` +
        `Choose a data folder outside it (for example below /var/lib), or allow passage: chmod o+x ${closed}`,
      { details: { folder, closed } },
    );
  }
}

/** Another living process works with this data folder. */
export class DataFolderInUseError extends PodwayError {
  constructor(folder: string, pid: number) {
    super('EMBEDDED.DATA_FOLDER_IN_USE', `Process ${pid} already works with ${folder}. Stop it first`, {
      details: { folder, pid },
    });
  }
}

/** PostgreSQL could not be set up or did not become ready. `logTail` has its last words. */
export class PostgresStartError extends PodwayError {
  constructor(message: string, details: Record<string, unknown>, cause?: unknown) {
    super('EMBEDDED.START_FAILED', message, { details, cause });
  }
}
