import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { errors, type Dispatcher, type Pool } from 'undici';
import type { AccessFault } from './access-page.js';
import { requestHeaders, responseHeaders } from './forwarded-headers.js';
import { BodyFaultError, type RequestBody } from './request-body.js';
import type { RunningAccess } from './running-accesses.js';

/** How forwarding an access to one server ended. */
export type Forwarded =
  /** The response went to the user, whole. */
  | 'answered'
  /** The response had begun; the user's connection was cut, so that they do not take it for whole. */
  | 'cut-short'
  /** The user went away, or took too long to take the response. */
  | 'abandoned'
  /** The server could not be reached: it has seen nothing of the request. */
  | 'unreached'
  /** The server closed before it began to answer. */
  | 'failed'
  /** The server was reached and took too long. */
  | 'timed-out'
  /** The user did not send what can be passed on. */
  | { readonly fault: AccessFault };

export interface ForwardOptions {
  readonly path: string;
  readonly trustForwarded: boolean;
  readonly responseTimeoutMs: number;
  readonly sendTimeoutMs: number;
  /** Headers that the response gets besides, as a flat list. */
  readonly extraHeaders: readonly string[];
  /** Undefined: the request has none. */
  readonly body: RequestBody | undefined;
  readonly access: RunningAccess;
}

const LATE = Symbol('the server took too long');

/** Sends an access to one server and its answer to the user. Never rejects. */
export async function forward(
  pool: Pool,
  request: IncomingMessage,
  response: ServerResponse,
  options: ForwardOptions,
): Promise<Forwarded> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  const stopWaiting = waitForAnswer(options, () => gone.abort(LATE));
  let isEnded = false;
  try {
    const answer = await pool.request({
      method: request.method as Dispatcher.HttpMethod,
      path: options.path,
      headers: requestHeaders(request, options),
      body: options.body ?? null,
      signal: gone.signal,
      headersTimeout: 0,
      bodyTimeout: options.responseTimeoutMs,
      responseHeaders: 'raw',
    });
    stopWaiting();
    // With `responseHeaders: 'raw'` they are a flat list; the declared type does not know.
    const raw = answer.headers as unknown as string[];
    response.writeHead(answer.statusCode, [...responseHeaders(raw), ...options.extraHeaders]);
    if (isEventStream(raw)) {
      response.flushHeaders();
      options.access.endless(() => {
        isEnded = true;
        response.end();
      });
    }
    cutWhenNotTaken(answer.body, response, options.sendTimeoutMs);
    await pipeline(answer.body, response);
    return 'answered';
  } catch (error) {
    if (isEnded) return 'answered';
    if (response.headersSent) {
      const userLeft = gone.signal.aborted;
      response.destroy();
      return userLeft ? 'abandoned' : 'cut-short';
    }
    if (error instanceof BodyFaultError) return { fault: error.fault };
    if (gone.signal.aborted) return gone.signal.reason === LATE ? 'timed-out' : 'abandoned';
    return failure(error, options.body?.isBegun ?? false);
  } finally {
    stopWaiting();
    response.off('close', leave);
  }
}

/** The server is waited for, a free connection to it too. While the user sends, the body's own limits hold. */
function waitForAnswer({ body, responseTimeoutMs }: ForwardOptions, late: () => void): () => void {
  let timer = setTimeout(late, responseTimeoutMs);
  const sending = (): void => clearTimeout(timer);
  const waiting = (): void => {
    clearTimeout(timer);
    timer = setTimeout(late, responseTimeoutMs);
  };
  body?.on('resume', sending).on('pause', waiting).on('end', waiting);
  return () => {
    clearTimeout(timer);
    body?.off('resume', sending).off('pause', waiting).off('end', waiting);
  };
}

/** A user who takes nothing of the response for too long would hold a connection to the server. */
function cutWhenNotTaken(body: NodeJS.ReadableStream, response: ServerResponse, sendTimeoutMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  const taken = (): void => clearTimeout(timer);
  body.on('pause', () => {
    clearTimeout(timer);
    timer = setTimeout(() => response.destroy(), sendTimeoutMs);
  });
  response.on('drain', taken).once('close', taken);
}

function isEventStream(raw: readonly string[]): boolean {
  const at = raw.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type');
  return at >= 0 && /^text\/event-stream\b/i.test(raw[at + 1] ?? '');
}

function failure(error: unknown, isBegun: boolean): Forwarded {
  // What undici does not put into a request is the user's fault.
  if (
    error instanceof errors.InvalidArgumentError ||
    error instanceof errors.RequestContentLengthMismatchError
  ) {
    return { fault: 'ACCESS.BAD_REQUEST' };
  }
  return isUnreached(error) && !isBegun ? 'unreached' : 'failed';
}

/** No connection came about. */
export function isUnreached(error: unknown): boolean {
  return (
    error instanceof errors.ConnectTimeoutError || (error as NodeJS.ErrnoException).syscall === 'connect'
  );
}
