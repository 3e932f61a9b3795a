import type { BalancerKind, PodSpec } from '@podway/contracts';
import type { Rotation } from '@podway/persistence';
import type { FenceOptions, LoadBalancer, RotateOptions } from './load-balancer.js';

/** Each POD's load balancer, by the `balancer` of its entry. The fence is one for all: it lies in Podway's own table. */
export class BalancerByPod implements LoadBalancer {
  constructor(
    private readonly rotation: Rotation,
    private readonly adapters: Readonly<Record<BalancerKind, LoadBalancer>>,
  ) {}

  balancerFor(pod: PodSpec): LoadBalancer {
    return this.adapters[pod.balancer?.kind ?? 'gateway'];
  }

  fence(pod: string, fencingToken: number): Promise<void> {
    return this.rotation.fence(pod, fencingToken);
  }

  inRotation(pod: PodSpec): Promise<string[]> {
    return this.balancerFor(pod).inRotation(pod);
  }

  running(pod: PodSpec): Promise<ReadonlyMap<string, number>> {
    return this.balancerFor(pod).running(pod);
  }

  rotate(
    pod: PodSpec,
    changes: ReadonlyMap<string, boolean>,
    options: RotateOptions,
  ): Promise<{ running: number }> {
    return this.balancerFor(pod).rotate(pod, changes, options);
  }

  fenceWrites(pod: PodSpec, options: FenceOptions): Promise<{ running: number }> {
    return this.balancerFor(pod).fenceWrites(pod, options);
  }
}
