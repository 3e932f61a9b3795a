import { request as httpRequest, ServerResponse, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { finished, pipeline } from 'node:stream/promises';
import { requestHeaders, responseHeaders } from './forwarded-headers.js';
import { isUnreached, type Forwarded } from './forwarding.js';
import type { RunningAccess } from './running-accesses.js';

const KEEP_ALIVE_PROBE_MS = 60_000;

export interface UpgradeOptions {
  readonly path: string;
  readonly trustForwarded: boolean;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  /** How long both sides may be silent once the protocol is changed. */
  readonly idleMs: number;
  readonly extraHeaders: readonly string[];
  readonly access: RunningAccess;
}

/** What came with a request to change the protocol. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What the user has sent behind the request. */
  readonly head: Buffer;
}

/** A response on a connection that Node's server has let go of. The last one there. */
export function responseOn({ request, socket }: UpgradeRequest): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  const drained = (): void => void response.emit('drain');
  socket.on('drain', drained);
  response.once('finish', () => {
    socket.off('drain', drained);
    response.detachSocket(socket);
    socket.destroySoon();
    response.destroyed = true;
    response.emit('close');
  });
  // What comes now is read so that the user's going is noticed.
  socket.resume();
  return response;
}

/** Whether a request asks for a protocol that goes on behind the gateway. HTTP/2 would be spoken with the gateway itself. */
export function wantsTunnel({ headers }: IncomingMessage): boolean {
  const protocols = (headers.upgrade ?? '').toLowerCase().split(',');
  return protocols.some((one) => one.trim() !== '' && !/^\s*(h2c|http\/|tls\/)/.test(one));
}

/**
 * Sends a request to change the protocol to one server. When the server agrees, both sides are joined until one ends
 * (RFC 9110, 7.8); else its answer goes to the user. Never rejects.
 */
export async function forwardUpgrade(
  url: string,
  upgrade: UpgradeRequest,
  response: ServerResponse,
  options: UpgradeOptions,
): Promise<Forwarded> {
  const asking = ask(url, upgrade.request, options);
  const leave = (): void => void asking.destroy();
  upgrade.socket.once('close', leave);
  try {
    const answer = await answerOf(asking, options);
    if (answer === 'timed-out') return answer;
    const { incoming, tunnel } = answer;
    const headers = [...responseHeaders(incoming.rawHeaders), ...options.extraHeaders];
    if (tunnel) {
      response.detachSocket(upgrade.socket);
      switchProtocols(upgrade.socket, incoming, headers);
      upgrade.socket.off('close', leave);
      await join(upgrade, tunnel, options);
      return 'answered';
    }
    response.writeHead(incoming.statusCode ?? 502, headers);
    await pipeline(incoming, response);
    return 'answered';
  } catch (error) {
    if (upgrade.socket.destroyed) return 'abandoned';
    if (response.headersSent) {
      response.destroy();
      return 'cut-short';
    }
    return isUnreached(error) ? 'unreached' : 'failed';
  } finally {
    upgrade.socket.off('close', leave);
  }
}

interface UpgradeAnswer {
  readonly incoming: IncomingMessage;
  /** The connection to the server, and what it has sent behind its answer; undefined when it did not agree. */
  readonly tunnel?: { readonly socket: Socket; readonly head: Buffer };
}

function ask(url: string, request: IncomingMessage, options: UpgradeOptions): ClientRequest {
  const { hostname, port } = new URL(url);
  return httpRequest({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || 80,
    method: request.method,
    path: options.path,
    agent: false,
    headers: [
      ...requestHeaders(request, options),
      ...['connection', 'Upgrade', 'upgrade', request.headers.upgrade ?? ''],
    ] as unknown as Record<string, string>,
  });
}

function answerOf(
  asking: ClientRequest,
  { connectTimeoutMs, responseTimeoutMs }: UpgradeOptions,
): Promise<UpgradeAnswer | 'timed-out'> {
  return new Promise((resolve, reject) => {
    const unreached = Object.assign(new Error('the server could not be reached in time'), {
      syscall: 'connect',
    });
    let timer = setTimeout(() => asking.destroy(unreached), connectTimeoutMs);
    asking.once('socket', (socket) =>
      socket.once('connect', () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          resolve('timed-out');
          asking.destroy();
        }, responseTimeoutMs);
      }),
    );
    asking.once('response', (incoming) => resolve({ incoming }));
    asking.once('upgrade', (incoming, socket: Socket, head) =>
      resolve({ incoming, tunnel: { socket, head } }),
    );
    asking.on('error', reject);
    asking.once('close', () => {
      clearTimeout(timer);
      reject(new Error('the server closed'));
    });
    const answered = (): void => clearTimeout(timer);
    asking.once('response', answered).once('upgrade', answered);
    asking.end();
  });
}

function switchProtocols(socket: Socket, { headers: { upgrade } }: IncomingMessage, headers: string[]): void {
  const all = [...headers, 'Connection', 'Upgrade', ...(upgrade ? ['Upgrade', upgrade] : [])];
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let index = 0; index + 1 < all.length; index += 2) lines.push(`${all[index]}: ${all[index + 1]}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Resolves when both sides have ended, or one is gone. */
async function join(
  { socket: user, head }: UpgradeRequest,
  { socket: server, head: serverHead }: NonNullable<UpgradeAnswer['tunnel']>,
  { idleMs, access }: UpgradeOptions,
): Promise<void> {
  const end = (): void => {
    user.destroySoon();
    server.destroySoon();
  };
  access.endless(end);
  for (const side of [user, server]) {
    side.setNoDelay(true);
    // Tells of a side that vanished without a word.
    side.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    side.setTimeout(idleMs, end);
  }
  if (serverHead.length > 0) user.write(serverHead);
  if (head.length > 0) server.write(head);
  await Promise.all([passOn(user, server), passOn(server, user)]);
}

/** Until `from` is gone; then `to` has no more to say to. One that has only said its last may still listen. */
async function passOn(from: Socket, to: Socket): Promise<void> {
  from.pipe(to);
  await finished(from).catch(() => undefined);
  to.destroySoon();
}
