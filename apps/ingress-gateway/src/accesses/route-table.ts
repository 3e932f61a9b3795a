import type { InventoryPod, RotationView } from '@podway/persistence';
import { drainTimeoutMsOf } from '@podway/service-kit';
import { hostName } from '../listening/host-name.js';
import { accessPolicyOf, type AccessDefaults, type AccessPolicy } from './access-policy.js';

/** One server as accesses see it. */
export interface RoutedServer {
  /** `<pod>/<server>` */
  readonly key: string;
  /** Origin: `http://10.0.0.11:8080`. */
  readonly url: string;
  /** Share of accesses relative to the POD's other servers. */
  readonly weight: number;
}

/** One POD as accesses see it. */
export interface RoutedPod {
  readonly policy: AccessPolicy;
  /** All its servers, those out of rotation too. */
  readonly all: readonly RoutedServer[];
  readonly inRotation: readonly RoutedServer[];
  /** How long a server that left rotation may finish what runs on it. */
  readonly drainTimeoutMs: number;
}

export interface RouteTableOptions {
  readonly defaults: AccessDefaults;
  /** POD for hosts that nobody claims. */
  readonly defaultPod?: string;
}

/** Which servers take the accesses of which host, at one moment. Never changed: a new moment is a new table. */
export class RouteTable {
  private readonly byHost = new Map<string, string>();
  private readonly byPod = new Map<string, RoutedPod>();

  constructor(
    pods: readonly InventoryPod[],
    private readonly rotation: RotationView,
    private readonly options: RouteTableOptions,
  ) {
    for (const { spec } of pods) {
      for (const host of spec.hosts ?? []) this.byHost.set(host, spec.name);
      const all = spec.servers.map((server) => ({
        key: `${spec.name}/${server.name}`,
        url: new URL(server.http).origin,
        weight: server.weight ?? 1,
      }));
      this.byPod.set(spec.name, {
        policy: accessPolicyOf(spec, options.defaults),
        all,
        inRotation: all.filter((server) => !rotation.out.has(server.key)),
        drainTimeoutMs: drainTimeoutMsOf(spec),
      });
    }
  }

  /** Generation of the rotation that this table follows. */
  get generation(): number {
    return this.rotation.generation;
  }

  /** The POD that a Host header asks for, or undefined. */
  podOf(hostHeader: string | undefined): string | undefined {
    const host = hostHeader === undefined ? undefined : hostName(hostHeader);
    const pod = host === undefined ? undefined : this.byHost.get(host);
    if (pod !== undefined) return pod;
    const { defaultPod } = this.options;
    return defaultPod !== undefined && this.byPod.has(defaultPod) ? defaultPod : undefined;
  }

  pod(name: string): RoutedPod | undefined {
    return this.byPod.get(name);
  }

  /** The POD's servers in rotation. */
  serversOf(pod: string): readonly RoutedServer[] {
    return this.byPod.get(pod)?.inRotation ?? [];
  }

  isOut(key: string): boolean {
    return this.rotation.out.has(key);
  }

  /** Whether users may not write to the POD now. */
  isWriteFenced(pod: string): boolean {
    return this.rotation.writesFenced.has(pod);
  }

  /** Every POD. */
  pods(): Iterable<RoutedPod> {
    return this.byPod.values();
  }

  /** Every server in rotation of every POD. */
  *servers(): Iterable<RoutedServer> {
    for (const { inRotation } of this.byPod.values()) yield* inRotation;
  }

  /** Whether a POD claims the host. */
  hasHost(host: string): boolean {
    return this.byHost.has(host);
  }
}
