import { PodwayError } from '@podway/contracts';
import { HostAbortedError, HostTimeoutError } from './host.errors.js';

/** What ends a command before its time: its deadline, the caller's signal, or an error on the way. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #failed: Promise<never>;
  readonly #timer?: NodeJS.Timeout;
  readonly #onAbort: () => void;

  constructor(
    private readonly server: string,
    private readonly program: string,
    private readonly options: { timeoutMs?: number; signal?: AbortSignal },
  ) {
    this.#failed = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
    this.#failed.catch(() => undefined);
    this.#onAbort = (): void => this.abort(options.signal?.reason);
    const { timeoutMs } = options;
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.fail(new HostTimeoutError(server, program, timeoutMs)), timeoutMs);
    }
    if (options.signal?.aborted) this.#onAbort();
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Fires on the first failure. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(cause: unknown): void {
    this.fail(new HostAbortedError(this.server, this.program, cause));
  }

  /** The input broke off. What it says itself counts more than that we gave up. */
  sourceFailed(error: Error): void {
    if (error instanceof PodwayError) this.fail(error);
    else this.abort(error);
  }

  fail(error: unknown): void {
    this.#controller.abort(error);
  }

  /** The value, unless a failure comes first. */
  race<T>(value: Promise<T>): Promise<T> {
    return Promise.race([value, this.#failed]);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.options.signal?.removeEventListener('abort', this.#onAbort);
  }
}
