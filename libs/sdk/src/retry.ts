import { PodwayError } from '@podway/contracts/plain';

/** How calls that may be repeated are repeated while Podway is away. */
export interface RetryOptions {
  /** Calls in all. Default 7. 1: no repetition. */
  readonly attempts?: number;
  /** Before the second call, in milliseconds; doubles from then on. Default 200. */
  readonly firstDelayMs?: number;
  /** Longest wait between two calls, in milliseconds. Default 5000. */
  readonly maxDelayMs?: number;
}

/** Waits; rejects with the signal's reason when it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    function abort(): void {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** The wait before call number `attempt` + 1: doubling, with some chance in it so that many callers spread. */
export function delayMs(attempt: number, { firstDelayMs = 200, maxDelayMs = 5_000 }: RetryOptions): number {
  const full = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1));
  return full / 2 + (Math.random() * full) / 2;
}

/** Calls until it works, fails for good, or the attempts are used up. */
export async function retrying<T>(
  call: () => Promise<T>,
  options: RetryOptions,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const again = error instanceof PodwayError && error.retryable && attempt < (options.attempts ?? 7);
      if (!again) throw error;
      await pause(delayMs(attempt, options), signal);
    }
  }
}
