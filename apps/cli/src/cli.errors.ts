import { PodwayError } from '@podway/contracts';

/** The command line cannot be understood. */
export class UsageError extends PodwayError {
  constructor(message: string) {
    super('CLI.USAGE', message);
  }
}

/** What cannot be taken back was not confirmed. */
export class NotConfirmedError extends PodwayError {
  constructor(question: string) {
    super('CLI.NOT_CONFIRMED', `Not done: ${question}`);
  }
}

/** No API key was found anywhere. */
export class NoKeyError extends PodwayError {
  constructor(url: string) {
    super('CLI.NO_KEY', `There is no API key for ${url}`, { details: { url } });
  }
}

/** The command line names a profile that is not kept. */
export class NoProfileError extends PodwayError {
  constructor(profile: string) {
    super('CLI.NO_PROFILE', `There is no profile ${profile}`, { details: { profile } });
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

/** A file that would be written is there already. */
export class FileExistsError extends PodwayError {
  constructor(file: string) {
    super('CLI.FILE_EXISTS', `${file} is there already`, { details: { file } });
  }
}

/** The configuration file of the command line is wrong, or others can read it. */
export class InvalidConfigError extends PodwayError {
  constructor(file: string, reason: string) {
    super('CLI.CONFIG_INVALID', `${file}: ${reason}`, { details: { file } });
  }
}

/** The time for waiting is over. The look itself goes on. */
export class LookNotOverError extends PodwayError {
  constructor(pod: string, timeoutMs: number) {
    super('CLI.LOOK_NOT_OVER', `The look at the servers of POD ${pod} is not over after ${timeoutMs} ms`, {
      details: { pod },
    });
  }
}
