import type { ServiceName } from '@podway/contracts';
import type { ServiceDefinition } from '@podway/service-kit';

/** In FIG. 2 order; the coordinator is ready before anything can be submitted. */
export const serviceNames: readonly ServiceName[] = [
  'saga-coordinator',
  'auth',
  'pod-resolver',
  'snapshotter',
  'installer-agent',
  'verifier',
  'replicator',
  'ingress-gateway',
];

/**
 * Loads a service by its package's name, as a process of its own would be started by it. No app imports another:
 * the all-in-one knows names only (docs/adr/0003-all-in-one.md).
 */
export async function loadService(name: ServiceName): Promise<ServiceDefinition> {
  const loaded = (await import(`@podway/${name}`)) as { service: ServiceDefinition };
  return loaded.service;
}
