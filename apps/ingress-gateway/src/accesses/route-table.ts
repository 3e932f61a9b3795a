import type { InventoryPod, RotationView } from '@podway/persistence';

/** One server as accesses see it. */
export interface RoutedServer {
  /** `<pod>/<server>` */
  readonly key: string;
  /** Origin: `http://10.0.0.11:8080`. */
  readonly url: string;
  /** Share of accesses relative to the POD's other servers. */
  readonly weight: number;
}

/** Which servers take the accesses of which host, at one moment. Never changed: a new moment is a new table. */
export class RouteTable {
  private readonly byHost = new Map<string, string>();
  private readonly byPod = new Map<string, readonly RoutedServer[]>();

  constructor(
    pods: readonly InventoryPod[],
    private readonly rotation: RotationView,
    private readonly defaultPod?: string,
  ) {
    for (const { spec } of pods) {
      for (const host of spec.hosts ?? []) this.byHost.set(host, spec.name);
      const servers = spec.servers.map((server) => ({
        key: `${spec.name}/${server.name}`,
        url: new URL(server.http).origin,
        weight: server.weight ?? 1,
      }));
      this.byPod.set(
        spec.name,
        servers.filter((server) => !rotation.out.has(server.key)),
      );
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
    return this.defaultPod !== undefined && this.byPod.has(this.defaultPod) ? this.defaultPod : undefined;
  }

  /** The POD's servers in rotation. */
  serversOf(pod: string): readonly RoutedServer[] {
    return this.byPod.get(pod) ?? [];
  }

  isOut(key: string): boolean {
    return this.rotation.out.has(key);
  }

  /** Every server in rotation of every POD. */
  *servers(): Iterable<RoutedServer> {
    for (const servers of this.byPod.values()) yield* servers;
  }
}

/** `Shop.Example.:8080` -> `shop.example` */
function hostName(header: string): string {
  const withoutPort = header.replace(/:[0-9]*$/, '');
  return withoutPort.replace(/\.$/, '').toLowerCase();
}
