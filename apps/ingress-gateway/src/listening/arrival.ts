import type { IncomingMessage, ServerResponse } from 'node:http';

/** Whether the request has a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** How long what is left of an answered request's body is thrown away before the connection is ended. */
const LEFTOVER_MS = 2_000;

/**
 * Bounds the time in which a request arrives, its body included. `late` gets the chance to answer; a request that was
 * answered before it has arrived loses its connection soon.
 */
export function boundArrival(
  request: IncomingMessage,
  response: ServerResponse,
  timeoutMs: number,
  late: () => void,
): void {
  if (!hasBody(request)) return;
  const cut = (): void => void request.socket.destroy();
  let timer = setTimeout(() => {
    if (request.complete) return;
    late();
    timer = setTimeout(cut, LEFTOVER_MS);
  }, timeoutMs);
  const arrived = (): void => clearTimeout(timer);
  request.once('end', arrived).once('close', arrived);
  response.once('finish', () => {
    clearTimeout(timer);
    if (!request.complete) timer = setTimeout(cut, LEFTOVER_MS);
    request.resume();
  });
}
