import type { LoadBalancer } from '@podway/balancing';
import type { PodSpec } from '@podway/contracts';
import type { StepContext } from '@podway/state';
import { drainTimeoutMsOf } from './pod-policy.js';

/**
 * Takes the canary out of rotation, unless no other server is in it: visitors would have none.
 * @returns accesses that still run on it.
 */
export async function drainCanary(
  balancer: LoadBalancer,
  pod: PodSpec,
  command: { readonly canary: string; readonly fencingToken: number },
  context: StepContext,
): Promise<number> {
  const others = (await balancer.inRotation(pod)).filter((name) => name !== command.canary);
  if (others.length === 0) return 0;
  const { running } = await balancer.rotate(pod, new Map([[command.canary, false]]), {
    fencingToken: command.fencingToken,
    drainTimeoutMs: drainTimeoutMsOf(pod),
    signal: context.signal,
  });
  return running;
}
