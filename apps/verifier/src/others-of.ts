import type { LoadBalancer } from '@podway/balancing';
import type { PodSpec, ServerSpec } from '@podway/contracts';
import type { PodServers } from '@podway/service-kit';
import type { StateDriver } from '@podway/state';

/** More are not asked. */
const MOST_OTHERS = 10;

/**
 * Servers in rotation that are still on an older release than the canary. The way to another place takes its own time:
 * where there are some in the canary's region, only those.
 */
export async function othersOf(
  pod: PodSpec,
  canary: { readonly server: string; readonly treeId: string },
  parts: { servers: PodServers; driver: StateDriver; balancer: LoadBalancer },
): Promise<ServerSpec[]> {
  const inRotation = await parts.balancer.inRotation(pod);
  const all = pod.servers.filter(({ name }) => name !== canary.server && inRotation.includes(name));
  const place = pod.servers.find(({ name }) => name === canary.server)?.region;
  const near = all.filter(({ region }) => region === place);
  const asked = (near.length > 0 ? near : all).slice(0, MOST_OTHERS).map(({ name }) => name);
  // One that cannot be looked at is not known to be on it.
  const { servers } = await parts.servers.connectAll(pod, asked);
  const looks = await Promise.all(
    servers.map(async (server) => ({ server, live: (await parts.driver.inspect(server)).liveTreeId })),
  );
  return looks
    .filter(({ live }) => live !== undefined && live !== canary.treeId)
    .map(({ server }) => server.spec);
}
