import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { BalancerBadReplyError, BalancerUnreachableError } from './haproxy.errors.js';

/** More than HAProxy tells of any backend of 500 servers. */
const MOST_BYTES = 4 * 1024 ** 2;

/** Where a runtime API listens: `/run/haproxy/admin.sock`, or `tcp://127.0.0.1:9999`. */
function addressOf(socket: string): NetConnectOpts {
  if (socket.startsWith('/')) return { path: socket };
  const { hostname, port } = new URL(socket);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/**
 * One connection to HAProxy's runtime API (its management guide, 9.3), for one line of commands: HAProxy closes it after
 * the answer. Every wait is bounded.
 */
export class RuntimeConnection {
  private constructor(
    private readonly name: string,
    private readonly socket: Socket,
    private readonly timeoutMs: number,
  ) {
    // What goes wrong later is told by `ask`.
    socket.on('error', () => undefined);
  }

  /** @throws BalancerUnreachableError */
  static async open(socket: string, timeoutMs: number): Promise<RuntimeConnection> {
    const opening = connect(addressOf(socket));
    try {
      await once(opening, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      opening.destroy();
      throw new BalancerUnreachableError(socket, reasonOf(error, timeoutMs), error);
    }
    return new RuntimeConnection(socket, opening, timeoutMs);
  }

  /** Sends a line at once, and resolves with all that is answered. @throws BalancerUnreachableError, BalancerBadReplyError */
  async ask(line: string): Promise<string> {
    const { socket, name, timeoutMs } = this;
    const late = AbortSignal.timeout(timeoutMs);
    const onLate = (): void => void socket.destroy(late.reason as Error);
    late.addEventListener('abort', onLate);
    socket.write(`${line}\n`);
    const parts: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const part of socket as AsyncIterable<Buffer>) {
        bytes += part.length;
        if (bytes > MOST_BYTES) throw new BalancerBadReplyError(name, `more than ${MOST_BYTES} bytes`);
        parts.push(part);
      }
    } catch (error) {
      if (error instanceof BalancerBadReplyError) throw error;
      throw new BalancerUnreachableError(name, reasonOf(error, timeoutMs), error);
    } finally {
      late.removeEventListener('abort', onLate);
      socket.destroy();
    }
    return Buffer.concat(parts).toString('utf8');
  }

  close(): void {
    this.socket.destroy();
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  return name === 'TimeoutError' || name === 'AbortError' ? `nothing in ${timeoutMs} ms` : (code ?? message);
}
