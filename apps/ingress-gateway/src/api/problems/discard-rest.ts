import type { IncomingMessage, ServerResponse } from 'node:http';

/** How much of a refused body is read away, and how long, so that its sender gets to read the answer. */
const MOST_BYTES = 16 * 1024 * 1024;
const LONGEST_MS = 2_000;

/**
 * Reads away what is left of a refused request's body, within limits. The connection is closed afterwards:
 * closing it at once, with bytes still coming in, would take the answer away from the sender.
 */
export async function discardRest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.complete || request.destroyed) return;
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if (declared === 0 || (Number.isNaN(declared) && request.headers['transfer-encoding'] === undefined))
    return;
  response.setHeader('Connection', 'close');
  if (declared > MOST_BYTES) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const timer = setTimeout(done, LONGEST_MS);
    function done(): void {
      clearTimeout(timer);
      request.off('data', count).off('end', done).off('close', done).off('error', done);
      resolve();
    }
    function count(chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) done();
    }
    request.on('data', count).on('end', done).on('close', done).on('error', done);
    request.resume();
  });
}
