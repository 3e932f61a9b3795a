import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A port of the loopback that nobody listens on now. The default range lies below the one for outgoing
 * connections, where a client that retries can connect to itself.
 */
export async function freePort(from = 20_000, to = 29_999): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(from, to + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port was found between ${from} and ${to}`);
}
