import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** Meant for one connection only. RFC 9110, 7.6.1. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Made anew for the server. Expect was answered by this gateway already. */
const REPLACED = new Set([
  'host',
  'expect',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);
const PSEUDONYM = 'podway';

/** Names that a Connection header adds to the hop-by-hop ones. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
}

/** By which scheme the user asks. */
export function schemeOf(request: IncomingMessage, trustForwarded: boolean): 'http' | 'https' {
  const told = trustForwarded ? request.headers['x-forwarded-proto']?.toString() : undefined;
  // A chain of proxies makes a list of it; the first is the user's.
  const first = told?.split(',', 1)[0]?.trim().toLowerCase();
  if (first === 'http' || first === 'https') return first;
  return request.socket instanceof TLSSocket ? 'https' : 'http';
}

/** Headers of the request to the server, as a flat list of names and values. */
export function requestHeaders(
  request: IncomingMessage,
  { trustForwarded }: { trustForwarded: boolean },
): string[] {
  const dropped = namedByConnection(request.headers.connection);
  const headers: string[] = [];
  const raw = request.rawHeaders;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    if (HOP_BY_HOP.has(name) || REPLACED.has(name) || dropped.has(name)) continue;
    headers.push(name, raw[index + 1] as string);
  }
  const { host, via } = request.headers;
  const before = (name: string): string | undefined =>
    trustForwarded ? request.headers[name]?.toString() : undefined;
  const address = request.socket.remoteAddress ?? 'unknown';
  const proto = schemeOf(request, trustForwarded);
  headers.push('via', viaAfter(via, request.httpVersion));
  headers.push('x-forwarded-for', listAfter(before('x-forwarded-for'), address));
  headers.push('x-forwarded-proto', proto);
  headers.push('forwarded', listAfter(before('forwarded'), forwardedElement(address, host, proto)));
  if (host !== undefined) {
    headers.push('host', host, 'x-forwarded-host', before('x-forwarded-host') ?? host);
  }
  return headers;
}

/** RFC 7239, 4. */
function forwardedElement(address: string, host: string | undefined, proto: string): string {
  const node = address.includes(':') ? `"[${address}]"` : address;
  const parts = [
    `for=${node}`,
    ...(host === undefined ? [] : [`host="${host.replace(/["\\]/g, '')}"`]),
    `proto=${proto}`,
  ];
  return parts.join(';');
}

/** Headers of the response to the user, as a flat list of names and values. */
export function responseHeaders(raw: readonly string[]): string[] {
  const valueOf = (wanted: string): string | undefined => {
    const at = raw.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === wanted);
    return at < 0 ? undefined : raw[at + 1];
  };
  const dropped = namedByConnection(valueOf('connection'));
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || lower === 'via' || dropped.has(lower)) continue;
    headers.push(name, raw[index + 1] as string);
  }
  headers.push('Via', viaAfter(valueOf('via'), '1.1'));
  return headers;
}

function viaAfter(before: string | undefined, version: string): string {
  return listAfter(before, `${version} ${PSEUDONYM}`);
}

function listAfter(before: string | undefined, own: string): string {
  return before ? `${before}, ${own}` : own;
}
