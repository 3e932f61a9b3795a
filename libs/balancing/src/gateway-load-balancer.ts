import type { PodSpec } from '@podway/contracts';
import { GATEWAY_GONE_MS, type Rotation, type WriteFences } from '@podway/persistence';
import {
  BalancerNotSettledError,
  type FenceOptions,
  type LoadBalancer,
  type RotateOptions,
} from './load-balancer.js';

/** Podway's own gateways as the load balancer. */
export class GatewayLoadBalancer implements LoadBalancer {
  constructor(
    private readonly rotation: Rotation,
    private readonly fences: WriteFences,
  ) {}

  fence(pod: string, fencingToken: number): Promise<void> {
    return this.rotation.fence(pod, fencingToken);
  }

  inRotation(pod: PodSpec): Promise<string[]> {
    return this.rotation.inRotation(
      pod.name,
      pod.servers.map((server) => server.name),
    );
  }

  running(pod: PodSpec): Promise<ReadonlyMap<string, number>> {
    return this.rotation.running(pod.name);
  }

  async rotate(
    pod: PodSpec,
    changes: ReadonlyMap<string, boolean>,
    options: RotateOptions,
  ): Promise<{ running: number }> {
    if (changes.size === 0) return { running: 0 };
    const generation = await this.rotation.set(pod.name, changes, options.fencingToken);
    const out = [...changes].filter(([, inRotation]) => !inRotation).map(([server]) => server);
    const drained = await this.rotation.settled(
      pod.name,
      out,
      generation,
      options.drainTimeoutMs,
      options.signal,
    );
    if (drained.acknowledged) return { running: drained.running };
    // A gateway that died is waited for until it counts as gone; one that lives follows within this time.
    const late = await this.rotation.settled(
      pod.name,
      [],
      generation,
      GATEWAY_GONE_MS + 2_000,
      options.signal,
    );
    if (!late.acknowledged) throw new BalancerNotSettledError(pod.name);
    // A gateway that was behind went on sending accesses there.
    const { running } = await this.rotation.settled(pod.name, out, generation, 0);
    return { running };
  }

  async fenceWrites(pod: PodSpec, options: FenceOptions): Promise<{ running: number }> {
    const { deploymentId, fencingToken, drainTimeoutMs, signal } = options;
    const generation = await this.fences.set(pod.name, deploymentId, fencingToken);
    let drained = await this.fences.settled(pod.name, generation, drainTimeoutMs, signal);
    // As above: one that died is waited for until it counts as gone.
    if (!drained.acknowledged)
      drained = await this.fences.settled(pod.name, generation, GATEWAY_GONE_MS + 2_000, signal);
    if (!drained.acknowledged) throw new BalancerNotSettledError(pod.name);
    return { running: drained.running };
  }
}
