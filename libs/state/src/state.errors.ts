import { PodwayError } from '@podway/contracts';

/** What `podway-host` can answer: its word for the error, its exit code, and whether the same call may succeed later. */
export const hostErrors = {
  USAGE: { exit: 10, retryable: false },
  FENCED: { exit: 11, retryable: false },
  BUSY: { exit: 12, retryable: true },
  LAYOUT: { exit: 13, retryable: false },
  TREE_MISSING: { exit: 14, retryable: false },
  FINGERPRINT_MISMATCH: { exit: 15, retryable: false },
  NAME_REFUSED: { exit: 16, retryable: false },
  SPECIAL_FILE: { exit: 17, retryable: false },
  UNREADABLE: { exit: 18, retryable: true },
  DISK_FULL: { exit: 19, retryable: false },
  STAGE_MISSING: { exit: 20, retryable: false },
  DELTA_INVALID: { exit: 21, retryable: true },
  RELOAD_FAILED: { exit: 22, retryable: false },
  WATCHDOG_FIRED: { exit: 23, retryable: false },
  WATCHDOG_NOT_ARMED: { exit: 24, retryable: false },
  JOB_MISSING: { exit: 25, retryable: false },
  JOB_NOT_STARTED: { exit: 26, retryable: true },
  RECORD_MISSING: { exit: 27, retryable: false },
  TOOL_MISSING: { exit: 28, retryable: false },
  PART_FAILED: { exit: 29, retryable: true },
  LOSS_WINDOW: { exit: 30, retryable: false },
  COMMAND_FAILED: { exit: 39, retryable: true },
} as const satisfies Record<string, { exit: number; retryable: boolean }>;

export type HostErrorCode = keyof typeof hostErrors;

/**
 * A server refused or failed a call of the state driver. `code` is `STATE.` and a word of {@link hostErrors},
 * STATE.NOT_PREPARED (no script there) or STATE.ANSWER_INVALID (an answer that is not one of ours).
 */
export class StateError extends PodwayError {
  constructor(
    word: HostErrorCode | 'NOT_PREPARED' | 'ANSWER_INVALID',
    message: string,
    details: { server: string; verb?: string } & Record<string, unknown>,
    cause?: unknown,
  ) {
    const retryable = word in hostErrors && hostErrors[word as HostErrorCode].retryable;
    super(`STATE.${word}`, `${details.server}: ${message}`, { retryable, details, cause });
  }
}
