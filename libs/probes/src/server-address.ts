import type { ServerSpec } from '@podway/contracts';

/** Where a server takes users' accesses. */
export function serverAddress({ http }: ServerSpec): { origin: string; host: string; port: number } {
  const { origin, hostname, port } = new URL(http);
  return { origin, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
}
