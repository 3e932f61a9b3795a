import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A way to a server on this machine that can be cut and mended, as seen by a browser: the server itself goes on. */
export class BreakableLink {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private server: Server,
    readonly url: string,
    private readonly port: number,
    private readonly targetPort: number,
  ) {}

  static async to(url: string): Promise<BreakableLink> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const link = new BreakableLink(server, `http://127.0.0.1:${port}`, port, Number(new URL(url).port));
    link.serve();
    return link;
  }

  /** What is open breaks, and nothing can be opened. */
  async cut(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    this.server = createServer().listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.serve();
  }

  private serve(): void {
    this.server.on('connection', (near) => {
      const far = connect(this.targetPort, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }
}
