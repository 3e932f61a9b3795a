import type { HaproxyBackend } from './haproxy-backend.js';
import { BalancerRefusedError, BalancerUnreachableError } from './haproxy.errors.js';
import { RuntimeConnection } from './runtime-connection.js';
import { readStates, statesQuery, type ServerStates } from './server-states.js';

/** What every HAProxy of a POD has, in the order of its sockets. @throws BALANCER.* when one of them cannot be asked. */
export function statesOf(backend: HaproxyBackend): Promise<ServerStates[]> {
  return Promise.all(
    backend.sockets.map(async (socket) => {
      const connection = await RuntimeConnection.open(socket, backend.timeoutMs);
      return readStates(socket, backend, await connection.ask(statesQuery(backend)));
    }),
  );
}

/**
 * Sends each HAProxy of a POD its line of commands, if any, at one time.
 * @param ready called when all are connected, right before: what it rejects with stops all of them.
 * @throws BalancerUnreachableError, BalancerRefusedError
 */
export async function tellAll(
  backend: HaproxyBackend,
  lines: readonly (string | undefined)[],
  ready: () => Promise<void>,
): Promise<void> {
  const opening = backend.sockets.map(async (socket, index) => {
    const line = lines[index];
    return line === undefined
      ? undefined
      : { socket, line, connection: await RuntimeConnection.open(socket, backend.timeoutMs) };
  });
  try {
    const open = await Promise.all(opening);
    await ready();
    await Promise.all(open.map((one) => one && tell(one.socket, one.line, one.connection)));
  } finally {
    for (const one of await Promise.allSettled(opening))
      if (one.status === 'fulfilled') one.value?.connection.close();
  }
}

async function tell(socket: string, line: string, connection: RuntimeConnection): Promise<void> {
  const reply = await connection.ask(line);
  // A command that was done is answered with an empty line.
  const words = reply.trim();
  if (words !== '') throw new BalancerRefusedError(socket, words);
  if (reply.length < line.split(';').length) throw new BalancerUnreachableError(socket, 'it hung up');
}
