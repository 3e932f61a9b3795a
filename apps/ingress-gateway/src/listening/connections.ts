import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of one listener, and what runs on each. */
export class Connections {
  private readonly open = new Map<Socket, Set<ServerResponse>>();
  private readonly upgraded = new Set<Socket>();
  private stopping = false;
  private lingered = false;

  add(socket: Socket): void {
    this.open.set(socket, new Set());
    socket.once('close', () => {
      this.open.delete(socket);
      this.upgraded.delete(socket);
    });
  }

  /** A request has begun on a connection. False: it came behind one whose answer is the last (RFC 9112, 9.6). */
  begin(response: ServerResponse): boolean {
    const { socket } = response.req;
    const running = this.open.get(socket);
    if (!running || [...running].some(({ shouldKeepAlive }) => !shouldKeepAlive)) return false;
    running.add(response);
    if (this.stopping) response.shouldKeepAlive = false;
    response.once('close', () => {
      running.delete(response);
      if (this.lingered) this.endIfIdle(socket, running);
    });
    return true;
  }

  /** The connection speaks something else from now on. */
  upgrade(socket: Socket): void {
    this.upgraded.add(socket);
  }

  /** Whether every request on a connection was answered. */
  isIdle(socket: Socket): boolean {
    return (this.open.get(socket)?.size ?? 0) === 0;
  }

  /** Whether an answer can still be begun on a connection: none has. */
  isUnanswered(socket: Socket): boolean {
    return [...(this.open.get(socket) ?? [])].every((response) => !response.headersSent);
  }

  /** From now on every answer says that it is the last on its connection. */
  stop(): void {
    this.stopping = true;
    for (const running of this.open.values()) {
      for (const response of running) if (!response.headersSent) response.shouldKeepAlive = false;
    }
  }

  /** Ends idle connections, and the others when they become idle. */
  endIdle(): void {
    this.lingered = true;
    for (const [socket, running] of this.open) this.endIfIdle(socket, running);
  }

  destroyAll(): void {
    for (const socket of this.open.keys()) socket.destroy();
  }

  // By FIN, after what was written. A user who sends at this very moment learns that nobody has read it.
  private endIfIdle(socket: Socket, running: ReadonlySet<ServerResponse>): void {
    if (running.size > 0 || this.upgraded.has(socket)) return;
    socket.destroySoon();
  }
}
