import { PassThrough } from 'node:stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { errors, type Dispatcher, type Pool } from 'undici';
import { requestHeaders, responseHeaders } from './forwarded-headers.js';

/** How forwarding an access to one server ended. */
export type Forwarded =
  /** The response went to the user, whole. */
  | 'answered'
  /** The response had begun; the user's connection was cut, so that they do not take it for whole. */
  | 'cut-short'
  /** The user went away. */
  | 'abandoned'
  /** The server could not be reached, or closed before it began to answer. */
  | 'failed'
  /** The server was reached and took too long. */
  | 'timed-out';

/** Whether the request has a body, which can be sent once only. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Sends an access to one server and its answer to the user. Never rejects. */
export async function forward(
  pool: Pool,
  request: IncomingMessage,
  response: ServerResponse,
  options: { path: string; trustForwarded: boolean },
): Promise<Forwarded> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  try {
    const answer = await pool.request({
      method: request.method as Dispatcher.HttpMethod,
      path: options.path,
      headers: requestHeaders(request, options),
      // A body of its own: when the server fails, only this one is destroyed, and the user still gets an answer.
      body: hasBody(request) ? request.pipe(new PassThrough()) : null,
      signal: gone.signal,
      responseHeaders: 'raw',
    });
    // With `responseHeaders: 'raw'` they are a flat list; the declared type does not know.
    const headers = responseHeaders(answer.headers as unknown as string[]);
    response.writeHead(answer.statusCode, headers);
    await pipeline(answer.body, response);
    return 'answered';
  } catch (error) {
    if (response.headersSent) {
      const userLeft = gone.signal.aborted;
      response.destroy();
      return userLeft ? 'abandoned' : 'cut-short';
    }
    if (gone.signal.aborted) return 'abandoned';
    return error instanceof errors.HeadersTimeoutError ? 'timed-out' : 'failed';
  } finally {
    response.off('close', leave);
  }
}
