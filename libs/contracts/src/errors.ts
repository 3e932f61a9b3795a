import { ERROR_CODE } from './patterns.js';

export interface PodwayErrorOptions {
  /** Whether the same call may succeed later without anybody changing anything. Default false. */
  retryable?: boolean;
  /** Ids and plain values that help the reader: deploymentId, server, path. Never secrets. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/**
 * An error with a stable code. Callers decide by `code` and `retryable`, never by the text.
 * The message is for people: what went wrong, and what to do about it where that is known.
 */
export class PodwayError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly details: Record<string, unknown>;

  constructor(code: string, message: string, options: PodwayErrorOptions = {}) {
    super(message, { cause: options.cause });
    if (!ERROR_CODE.test(code)) throw new TypeError(`${code} is not an error code`);
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}
