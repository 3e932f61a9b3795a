import type { ServerResponse } from 'node:http';

/** Why an access could not be answered by a server. */
export const accessFaults = {
  'ACCESS.UNKNOWN_HOST': { status: 404, text: 'No POD answers to this host.' },
  'ACCESS.BAD_REQUEST': { status: 400, text: 'This request cannot be passed on.' },
  'ACCESS.NO_SERVER': { status: 503, text: 'No server can take this access right now.' },
  'ACCESS.NOT_READY': { status: 503, text: 'The gateway is starting.' },
  'ACCESS.SERVER_FAILED': { status: 502, text: 'The server did not answer.' },
  'ACCESS.SERVER_TIMEOUT': { status: 504, text: 'The server did not answer in time.' },
} as const;
export type AccessFault = keyof typeof accessFaults;

/** Answers an access with a plain page. */
export function answerWithPage(response: ServerResponse, fault: AccessFault): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, text } = accessFaults[fault];
  const body = `${status} ${fault}: ${text}\n`;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
    // What is left of the request's body is not waited for.
    ...(response.req.complete ? {} : { Connection: 'close' }),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
