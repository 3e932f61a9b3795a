import { PodwayError } from '@podway/contracts';

export interface Where {
  readonly server: string;
  readonly component: string;
}

/** The component would be laid into a path that all releases share: that is the site's data, not the update's. */
export class InstallIntoSharedError extends PodwayError {
  constructor(where: Where, to: string) {
    super('INSTALL.INTO_SHARED', `${where.component}: ${to} is or lies in a shared path`, {
      details: { ...where, to },
    });
  }
}

/** The files of an archive could not be laid out. */
export class ArchiveFailedError extends PodwayError {
  constructor(where: Where, complaint: string) {
    super(
      'INSTALL.ARCHIVE_FAILED',
      `${where.server}: ${where.component} could not be unpacked: ${complaint}`,
      {
        details: { ...where },
      },
    );
  }
}

export class InstallDiskFullError extends PodwayError {
  constructor(where: Where) {
    super('INSTALL.DISK_FULL', `${where.server}: no space left for ${where.component}`, {
      details: { ...where },
    });
  }
}

/** The script ended with another exit code than 0. */
export class ScriptFailedError extends PodwayError {
  constructor(where: Where, exitCode: number, lastLines: string) {
    const output = lastLines === '' ? '' : `: ${lastLines}`;
    super(
      'INSTALL.SCRIPT_FAILED',
      `${where.server}: ${where.component} ended with exit code ${exitCode}${output}`,
      {
        details: { ...where, exitCode },
      },
    );
  }
}

/** Packages are not as the component wants them. `details.packages` names those at fault, as far as the server knows. */
export class PackagesFailedError extends PodwayError {
  constructor(where: Where, packages: readonly string[], exitCode: number, lastLines: string) {
    const named = packages.length > 0 ? `: ${packages.join(', ')}` : '';
    super(
      'INSTALL.PACKAGE_FAILED',
      `${where.server}: the packages of ${where.component} were not installed${named}; exit code ${exitCode}: ${lastLines}`,
      { details: { ...where, packages, exitCode } },
    );
  }
}

/** msiexec has failed. `details.code` is its code with its name. */
export class MsiFailedError extends PodwayError {
  constructor(where: Where, code: string, { exitCode, lastLines }: { exitCode: number; lastLines: string }) {
    super('INSTALL.MSI_FAILED', `${where.server}: ${where.component} ended with ${code}: ${lastLines}`, {
      details: { ...where, code, exitCode },
    });
  }
}

/** A property of an MSI package cannot have this value. */
export class PropertyRefusedError extends PodwayError {
  constructor(where: Where, property: string, reason: string) {
    super(
      'INSTALL.PROPERTY_REFUSED',
      `${where.server}: ${where.component}: the property ${property}: ${reason}`,
      {
        details: { ...where, property },
      },
    );
  }
}

/** The schema has another version than the script is made for. Nothing was changed. */
export class SchemaVersionError extends PodwayError {
  constructor(where: Where, reason: string) {
    super('INSTALL.SQL_VERSION_UNEXPECTED', `${where.server}: ${where.component}: ${reason}`, {
      details: { ...where },
    });
  }
}

/** The script failed, or did not do its work. `details.committed`: a part of it is in the database, until the roll-back. */
export class SqlFailedError extends PodwayError {
  constructor(where: Where, reason: string, rest: { exitCode: number; committed: boolean }) {
    super('INSTALL.SQL_FAILED', `${where.server}: ${where.component} ${reason}`, {
      details: { ...where, ...rest },
    });
  }
}

/** The script began, and nobody knows how it ended: the server was rebooted, or the process was taken away. */
export class OutcomeUnknownError extends PodwayError {
  constructor(where: Where, reason: string) {
    super(
      'INSTALL.OUTCOME_UNKNOWN',
      `${where.server}: how ${where.component} ended is not known: ${reason}`,
      {
        details: { ...where },
      },
    );
  }
}
