import type { Problem } from '@podway/contracts';
import { PodwayError } from '@podway/contracts/plain';
import { ApiError, UnreachableError } from './sdk.errors.js';
import { retrying, type RetryOptions } from './retry.js';

export interface ConnectionOptions {
  /** Where the API listens: `http://127.0.0.1:7780`. */
  readonly url: string;
  /** API key, `pw_…`, or a token of an OIDC issuer that Podway trusts. */
  readonly key: string;
  readonly retry?: RetryOptions;
  /** Longest wait for the answer to a call without an upload, in milliseconds. Default 30000. */
  readonly requestTimeoutMs?: number;
  /** Ends every call. */
  readonly signal?: AbortSignal;
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: object;
  /** Sent as it is; called anew for every attempt. */
  readonly body?: () => ReadableStream<Uint8Array> | Blob | Uint8Array;
  /** Whether making the call twice does no harm. Default: that of GET. */
  readonly repeatable?: boolean;
  /** Without a limit to the wait for the answer. */
  readonly unlimited?: boolean;
  readonly signal?: AbortSignal;
}

/** Calls to the API: key, errors, repetition. */
export class Connection {
  readonly url: string;
  readonly retry: RetryOptions;
  private readonly fetch: typeof fetch;

  constructor(private readonly options: ConnectionOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.retry = options.retry ?? {};
    this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** The JSON of a good answer. */
  async json<T>(call: Call): Promise<T> {
    const response = await this.answer(call);
    return (await response.json()) as T;
  }

  /**
   * A good answer.
   * @throws ApiError any other answer; UnreachableError no answer.
   */
  async answer(call: Call): Promise<Response> {
    const repeatable = call.repeatable ?? call.method === 'GET';
    if (!repeatable) return this.once(call);
    return retrying(() => this.once(call), this.retry, this.endOf(call));
  }

  /** One attempt. */
  async once(call: Call): Promise<Response> {
    const end = this.endOf(call);
    const limit = call.unlimited ? undefined : AbortSignal.timeout(this.options.requestTimeoutMs ?? 30_000);
    const signal = anyOf(end, limit);
    let response: Response;
    try {
      response = await this.fetch(this.address(call), {
        method: call.method,
        headers: this.headers(call),
        redirect: 'error',
        ...bodyOf(call),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      end?.throwIfAborted();
      const ours = podwayErrorIn(error);
      throw ours ?? new UnreachableError(this.url, error);
    }
    if (response.ok) return response;
    throw new ApiError(response.status, await problemOf(response), call.path);
  }

  /** What ends a call before its time: its own signal, or the one for all. */
  private endOf(call: Call): AbortSignal | undefined {
    return anyOf(call.signal, this.options.signal);
  }

  private address({ path, query = {} }: Call): string {
    const url = new URL(this.url + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /** What says who calls. */
  authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.options.key}` };
  }

  private headers(call: Call): Record<string, string> {
    return {
      ...this.authorization(),
      ...(call.json ? { 'content-type': 'application/json' } : {}),
      ...call.headers,
    };
  }
}

function anyOf(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

function bodyOf(call: Call): RequestInit {
  if (call.json) return { body: JSON.stringify(call.json) };
  const body = call.body?.();
  // A stream can be sent only when it is said that the answer comes after it.
  return body === undefined ? {} : { body, ...(body instanceof ReadableStream ? { duplex: 'half' } : {}) };
}

/** fetch wraps what went wrong in a body of ours, such as a file that cannot be read. */
function podwayErrorIn(error: unknown): PodwayError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof PodwayError) return at;
  return undefined;
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  const type = response.headers.get('content-type') ?? '';
  if (!type.startsWith('application/problem+json')) {
    await response.body?.cancel().catch(() => undefined);
    return undefined;
  }
  return (await response.json().catch(() => undefined)) as Problem | undefined;
}
