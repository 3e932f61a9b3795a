import { PodwayError, type PodSpec } from '@podway/contracts';

/** A POD in HAProxy, as its entry says. */
export interface HaproxyBackend {
  readonly pod: string;
  /** Runtime APIs of all HAProxies that take its accesses. */
  readonly sockets: readonly string[];
  readonly backend: string;
  /** The POD's servers, by their names in HAProxy, in the order of the file. */
  readonly servers: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
}

/** @throws PodwayError BALANCER.NOT_HAPROXY for an entry that is not about HAProxy. */
export function haproxyBackendOf({ name, balancer, servers }: PodSpec): HaproxyBackend {
  const { sockets, backend, servers: names = {}, timeoutMs = 2_000 } = balancer ?? {};
  if (balancer?.kind !== 'haproxy' || !sockets || backend === undefined)
    throw new PodwayError(
      'BALANCER.NOT_HAPROXY',
      `The entry of POD ${name} does not say where its HAProxy is`,
    );
  const inHaproxy = servers.map((server) => [names[server.name] ?? server.name, server.name] as const);
  return { pod: name, sockets, backend, servers: new Map(inHaproxy), timeoutMs };
}
