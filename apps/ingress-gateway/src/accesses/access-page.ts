import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { RefusedStatus } from '../listening/listener.js';

interface AccessFaultPage {
  readonly status: number;
  readonly text: string;
  /** Of a 503. Default 1. */
  readonly retryAfterSeconds?: number;
}

/** Why an access could not be answered by a server. */
export const accessFaults = {
  'ACCESS.UNKNOWN_HOST': { status: 404, text: 'No POD answers to this host.' },
  'ACCESS.NOT_HERE': { status: 404, text: 'Nothing is here.' },
  'ACCESS.BAD_REQUEST': { status: 400, text: 'This request cannot be passed on.' },
  'ACCESS.REQUEST_TIMEOUT': { status: 408, text: 'The request did not arrive in time.' },
  'ACCESS.TOO_LARGE': { status: 413, text: 'The body of this request is too large.' },
  'ACCESS.HEADERS_TOO_LARGE': { status: 431, text: 'The headers of this request are too large.' },
  'ACCESS.TOO_MANY_CONNECTIONS': { status: 503, text: 'There are too many connections.' },
  'ACCESS.NO_SERVER': { status: 503, text: 'No server can take this access right now.' },
  'ACCESS.WRITES_FENCED': {
    status: 503,
    text: 'Nothing can be changed here while an update is made. Reading works.',
    retryAfterSeconds: 10,
  },
  'ACCESS.NOT_READY': { status: 503, text: 'The gateway is starting.' },
  'ACCESS.SERVER_FAILED': { status: 502, text: 'The server did not answer.' },
  'ACCESS.SERVER_TIMEOUT': { status: 504, text: 'The server did not answer in time.' },
} as const satisfies Record<string, AccessFaultPage>;
export type AccessFault = keyof typeof accessFaults;

const refusals: Readonly<Record<RefusedStatus, AccessFault>> = {
  400: 'ACCESS.BAD_REQUEST',
  408: 'ACCESS.REQUEST_TIMEOUT',
  431: 'ACCESS.HEADERS_TOO_LARGE',
  503: 'ACCESS.TOO_MANY_CONNECTIONS',
};

/** Answers an access with a plain page. */
export function answerWithPage(response: ServerResponse, fault: AccessFault): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, body, headers } = page(fault);
  // What is left of a body is thrown away for a while: closed at once, the user might not see the answer. Nothing is
  // waited for where it is not clear what comes next.
  const { complete, headers: asked } = response.req;
  if (status === 400 || (!complete && (status === 408 || asked.expect !== undefined))) {
    response.shouldKeepAlive = false;
  }
  response.writeHead(status, headers);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** The whole answer to what never became a request. */
export function refusalPage(status: RefusedStatus): string {
  const { body, headers } = page(refusals[status]);
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}

function page(fault: AccessFault): {
  status: number;
  body: string;
  headers: Record<string, string | number>;
} {
  const { status, text, retryAfterSeconds = 1 }: AccessFaultPage = accessFaults[fault];
  const body = `${status} ${fault}: ${text}\n`;
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(status === 503 ? { 'Retry-After': String(retryAfterSeconds) } : {}),
  };
  return { status, body, headers };
}
