import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Problem } from '@podway/contracts';

/** What Node's parser gives up on, by its error code. */
const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what is not HTTP, or not in time, with a problem too: such a request never gets as far as the filter. */
export function answerMalformedRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Something may be under way on a connection that was used before; it is only ended then.
    if (socket.writable && socket.bytesWritten === 0)
      socket.write(problemResponse(statuses[error.code ?? ''] ?? 400));
    socket.destroySoon();
  });
}

function problemResponse(status: number): string {
  const title = STATUS_CODES[status] ?? 'Bad Request';
  const code = `HTTP.${title.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
  const problem: Problem = {
    type: `urn:podway:problem:${code}`,
    title,
    status,
    code,
    detail: 'The request cannot be read as HTTP, or took too long',
    instance: '/',
  };
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
