import { PodwayError, type PodSpec } from '@podway/contracts';
import { GATEWAY_GONE_MS, type Rotation } from '@podway/persistence';
import type { LoadBalancer, RotateOptions } from './load-balancer.js';

/** A gateway has not followed a change of rotation in time. */
export class BalancerNotSettledError extends PodwayError {
  constructor(pod: string) {
    super('BALANCER.NOT_SETTLED', `Not every gateway has followed the change of rotation of ${pod} in time`, {
      retryable: true,
      details: { pod },
    });
  }
}

/** Podway's own gateways as the load balancer. */
export class GatewayLoadBalancer implements LoadBalancer {
  constructor(private readonly rotation: Rotation) {}

  fence(pod: string, fencingToken: number): Promise<void> {
    return this.rotation.fence(pod, fencingToken);
  }

  inRotation(pod: PodSpec): Promise<string[]> {
    return this.rotation.inRotation(
      pod.name,
      pod.servers.map((server) => server.name),
    );
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
}
