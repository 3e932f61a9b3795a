import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 20_000;
const LAST = 29_999;

/** A free TCP port of `address`, below the range from which the kernel takes ports for outgoing connections. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(FIRST, LAST + 1);
    if (await isFree(address, port)) return port;
  }
  throw new Error(`No free port on ${address} between ${FIRST} and ${LAST}`);
}

async function isFree(address: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, address);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
