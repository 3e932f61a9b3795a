import type { Problem } from '@podway/contracts';
import { ERROR_CODE, PodwayError } from '@podway/contracts/plain';

/** Podway has answered with a problem (RFC 9457). `code` is the problem's. */
export class ApiError extends PodwayError {
  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** What Podway said, when it said it in the agreed form. */
    readonly problem: Problem | undefined,
    path: string,
  ) {
    const code = problem && ERROR_CODE.test(problem.code) ? problem.code : 'SDK.UNEXPECTED_ANSWER';
    super(code, problem?.detail ?? `Podway answered ${path} with status ${status}`, {
      retryable: isAwayStatus(status),
      details: { status, path, ...(problem?.problems ? { problems: problem.problems } : {}) },
    });
  }
}

/** Podway could not be reached, or the connection broke. Retryable. */
export class UnreachableError extends PodwayError {
  constructor(url: string, cause: unknown) {
    super('SDK.UNREACHABLE', `Podway cannot be reached at ${url}: ${reasonOf(cause)}`, {
      retryable: true,
      details: { url },
      cause,
    });
  }
}

/** The time for waiting is over. The deployment itself goes on. */
export class WaitEndedError extends PodwayError {
  constructor(deploymentId: string, state: string | undefined) {
    const at = state === undefined ? '' : `; it is ${state} now`;
    super('SDK.WAIT_ENDED', `The wait for deployment ${deploymentId} has ended before it did${at}`, {
      details: { deploymentId, ...(state === undefined ? {} : { state }) },
    });
  }
}

/** A folder cannot be made into a bundle. */
export class PackError extends PodwayError {
  constructor(path: string, reason: string, cause?: unknown) {
    super('SDK.CANNOT_PACK', `${path} cannot be packed: ${reason}`, { details: { path }, cause });
  }
}

/** Statuses that say: not now, ask again. */
export function isAwayStatus(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

function reasonOf(error: unknown): string {
  // fetch hides what happened in its cause, and an attempt at several addresses in the first of theirs.
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth += 1) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return at.message || code;
    const [first] = at instanceof AggregateError ? (at.errors as unknown[]) : [];
    at = first ?? at.cause;
  }
  return error instanceof Error ? error.message : String(error);
}
