import { PodwayError } from '@podway/contracts';

interface Where {
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
