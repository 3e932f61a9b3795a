import type { IncomingMessage } from 'node:http';
import { hostName } from '../listening/host-name.js';

/** Of RFC 9110, 9.2.2: asked twice, they have the effect of once. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export function isIdempotent({ method }: IncomingMessage): boolean {
  return IDEMPOTENT.has(method ?? '');
}

/**
 * The path and query that a server is asked for; undefined for a request that cannot be passed on, because two who read
 * it could understand two things (RFC 9112, 11.2).
 */
export function targetOf(request: IncomingMessage): string | undefined {
  return hasOneMeaning(request) ? originForm(request.url ?? '/', request.headers.host) : undefined;
}

function hasOneMeaning({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked') return false;
    if (headers['content-length'] !== undefined) return false;
  }
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  return hosts.length <= 1;
}

/** RFC 9112, 3.2. A whole URL must name the host that the Host header names: who decides by which is not left open. */
function originForm(target: string, host: string | undefined): string | undefined {
  if (target.startsWith('/')) return target;
  const [, authority, rest] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target) ?? [];
  if (authority === undefined || rest === undefined) return undefined;
  if (host === undefined || hostName(authority) !== hostName(host)) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
