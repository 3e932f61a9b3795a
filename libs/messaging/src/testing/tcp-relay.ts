import { randomInt } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and a server on the loopback, so that a test can cut the line as a crash would. */
export class TcpRelay {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<TcpRelay> {
    const server = createServer();
    const relay = new TcpRelay(server);
    server.on('connection', (client) => relay.join(client, connect(port, '127.0.0.1')));
    while (!(await listens(server))) {
      // Somebody else has that port.
    }
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Same URL, through here. */
  through(url: string): string {
    const changed = new URL(url);
    changed.port = String(this.port);
    return changed.href;
  }

  /** Every connection ends at once and none is taken any more. */
  async cut(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}

/** Below the ports of outgoing connections: a client that retries a closed one there can connect to itself. */
function listens(server: Server): Promise<boolean> {
  return new Promise((resolve) => {
    const taken = (): void => resolve(false);
    server.once('error', taken);
    server.listen(randomInt(20_000, 30_000), '127.0.0.1', () => {
      server.removeListener('error', taken);
      resolve(true);
    });
  });
}
