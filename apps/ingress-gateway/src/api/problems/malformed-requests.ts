import { STATUS_CODES } from 'node:http';
import type { Problem } from '@podway/contracts';
import type { RefusedStatus } from '../../listening/listener.js';

/** Answers what is not HTTP, or not in time, with a problem too: such a request never gets as far as the filter. */
export function malformedProblem(status: RefusedStatus): string {
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
