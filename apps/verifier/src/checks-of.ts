import type { Check, PodSpec, UpdateSource } from '@podway/contracts';
import type { Updates } from '@podway/persistence';

/** Every test that a release must pass on a server: the POD's own, and the update's. */
export async function checksOf(
  pod: PodSpec,
  source: UpdateSource | undefined,
  updates: Updates,
): Promise<Check[]> {
  // Going back to a kept release: the checks of the update that made it hold again.
  const manifest = source?.artifact === undefined ? undefined : await updates.manifest(source.artifact);
  return [...(pod.checks ?? []), ...(manifest?.checks ?? [])];
}
