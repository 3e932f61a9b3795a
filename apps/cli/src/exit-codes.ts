import { PodwayError, type ShownState } from '@podway/contracts';
import { ApiError } from '@podway/sdk';

/** What the exit code of `podway` says. */
export const exitCodes = {
  succeeded: 0,
  /** Something else went wrong: Podway cannot be reached, a bug. */
  trouble: 1,
  /** The command line, or a file that it names, is wrong. */
  usage: 2,
  notAllowed: 3,
  rejected: 4,
  /** The update failed or was aborted; the POD is as it was before. */
  rolledBack: 5,
  rollbackFailed: 6,
  /** The wait has ended, the deployment has not. */
  waitEnded: 7,
  /** Servers are not as they were proved, or not fit for an update. */
  drifted: 8,
} as const;

/** The exit code for how a deployment ended. */
export function exitCodeOf(state: ShownState): number {
  switch (state) {
    case 'Succeeded':
      return exitCodes.succeeded;
    case 'Rejected':
      return exitCodes.rejected;
    case 'Failed':
    case 'Aborted':
    case 'Superseded':
    case 'RolledBack':
      return exitCodes.rolledBack;
    case 'RollbackFailed':
      return exitCodes.rollbackFailed;
    default:
      return exitCodes.waitEnded;
  }
}

const byCode: Readonly<Record<string, number>> = {
  'SDK.WAIT_ENDED': exitCodes.waitEnded,
  'SDK.CANNOT_PACK': exitCodes.usage,
  'CLI.USAGE': exitCodes.usage,
  'CLI.NOT_CONFIRMED': exitCodes.usage,
  'CLI.LOOK_NOT_OVER': exitCodes.waitEnded,
  'CLI.NO_PROFILE': exitCodes.usage,
  'CLI.FILE_EXISTS': exitCodes.usage,
  'CLI.NO_KEY': exitCodes.usage,
  'CLI.FILE_INVALID': exitCodes.usage,
  'CLI.CONFIG_INVALID': exitCodes.usage,
};

/** The exit code for an error. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof ApiError) {
    if (error.status === 401 || error.status === 403) return exitCodes.notAllowed;
    return error.status < 500 ? exitCodes.rejected : exitCodes.trouble;
  }
  return error instanceof PodwayError ? (byCode[error.code] ?? exitCodes.trouble) : exitCodes.trouble;
}
