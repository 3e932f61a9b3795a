import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A real web server behind the gateway. */
export interface Upstream {
  readonly name: string;
  readonly url: string;
  readonly server: Server;
  /** Requests that reached it. */
  readonly asked: IncomingMessage[];
  /** Answers from now on. Default: its name. */
  answer(listener: RequestListener): void;
  stop(): Promise<void>;
}

export async function startUpstream(name: string): Promise<Upstream> {
  const asked: IncomingMessage[] = [];
  let listener: RequestListener = (_, response) => void response.end(name);
  const server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  // Node does not close those that speak another protocol by now.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    asked,
    answer: (next) => (listener = next),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
