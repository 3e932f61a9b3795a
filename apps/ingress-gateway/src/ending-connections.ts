import type { Server } from 'node:http';

/**
 * From the signal on every answer is the last on its connection. A server that closes takes no new connections, but
 * would serve those that are kept open for as long as their users go on asking.
 */
export function endConnectionsOnceStopping(server: Server, stopping: AbortSignal): void {
  server.prependListener('request', (_, response) => {
    if (stopping.aborted) response.shouldKeepAlive = false;
  });
}
