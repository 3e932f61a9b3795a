import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The first and the last. */
type Range = readonly [number, number];

const BELOW_OUTGOING: Range = [20_000, 29_999];

/**
 * A port of `address` that nobody listens on now, and that is given to nobody else on this machine while this process
 * lives: whoever asked may take long until it listens. It lies below the range of outgoing connections, where a client
 * that retries can connect to itself.
 */
export async function freePort(
  address = '127.0.0.1',
  [first, last]: Range = BELOW_OUTGOING,
): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    // The claim first: a look at a port is in the way of whoever was given it and is about to listen.
    const port = randomInt(first, last + 1);
    if ((await claim(port)) && (await isFree(port, address))) return port;
  }
  throw new Error(`No free port was found on ${address} between ${first} and ${last}`);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** By a name of Linux that is no file and goes with the process. Other systems have none: there, each port is as good. */
function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true);
  return new Promise((resolve) => {
    const name = createServer();
    name.once('error', () => resolve(false));
    name.listen({ path: `\0podway-port-${port}`, exclusive: true }, () => resolve(true)).unref();
  });
}
