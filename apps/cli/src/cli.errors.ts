import { PodwayError } from '@podway/contracts';

/** The command line cannot be understood. */
export class UsageError extends PodwayError {
  constructor(message: string) {
    super('CLI.USAGE', message);
  }
}

/** No API key was found anywhere. */
export class NoKeyError extends PodwayError {
  constructor(url: string) {
    super('CLI.NO_KEY', `There is no API key for ${url}`, { details: { url } });
  }
}

/** A file that the command line names cannot be read or is not what it should be. */
export class InvalidFileError extends PodwayError {
  constructor(
    file: string,
    /** Each with its line where it is known. */
    readonly problems: readonly string[],
    cause?: unknown,
  ) {
    super('CLI.FILE_INVALID', `${file} cannot be used`, { details: { file, problems }, cause });
  }
}

/** The configuration file of the command line is wrong, or others can read it. */
export class InvalidConfigError extends PodwayError {
  constructor(file: string, reason: string) {
    super('CLI.CONFIG_INVALID', `${file}: ${reason}`, { details: { file } });
  }
}
