import { PodwayError, type PodSpec, type ServerSpec } from '@podway/contracts';
import type { HostSessions, OwnedHostSession } from '@podway/hosts';
import type { Inventory } from '@podway/persistence';
import type { ServerTarget, StateDriver } from '@podway/state';
import { fencesWrites } from './pod-policy.js';

/** The inventory has no such revision or server: the command and the inventory do not belong together. */
export class UnknownServerError extends PodwayError {}

/** One server of a POD, ready for the state driver. */
export interface PodServer extends ServerTarget {
  readonly name: string;
  readonly spec: ServerSpec;
}

/** Finds the servers that a command speaks of. */
export class PodServers {
  constructor(
    private readonly inventory: Inventory,
    private readonly hosts: HostSessions,
    private readonly driver: StateDriver,
  ) {}

  /** The POD as this deployment knows it. */
  async pod(command: { pod: string; podRevision: number }): Promise<PodSpec> {
    const spec = await this.inventory.revision(command.pod, command.podRevision);
    if (spec) return spec;
    throw new UnknownServerError(
      'INVENTORY.UNKNOWN_REVISION',
      `The inventory has no revision ${command.podRevision} of POD ${command.pod}`,
    );
  }

  /** Connects to a server and makes sure that podway-host is on it. Rejects HOST.* and STATE.* errors. */
  async connect(pod: PodSpec, name: string): Promise<PodServer> {
    const spec = this.spec(pod, name);
    const target = this.target(pod, spec, await this.hosts.session(spec));
    await this.driver.prepare(target);
    return target;
  }

  /** As {@link connect}, over a new connection: what a server tells then is not told by an old one. */
  async connectAfresh(
    pod: PodSpec,
    name: string,
  ): Promise<PodServer & { readonly session: OwnedHostSession }> {
    const spec = this.spec(pod, name);
    const session = await this.hosts.fresh(spec);
    return { ...this.target(pod, spec, session), session };
  }

  /** Connects to several. One that cannot be had is among the failures, by name. */
  async connectAll(
    pod: PodSpec,
    names: readonly string[],
  ): Promise<{ servers: PodServer[]; failures: Map<string, PodwayError> }> {
    const failures = new Map<string, PodwayError>();
    const settled = await Promise.all(
      names.map((name) =>
        this.connect(pod, name).catch((error: unknown) => {
          if (!(error instanceof PodwayError)) throw error;
          failures.set(name, error);
          return undefined;
        }),
      ),
    );
    return { servers: settled.filter((server) => server !== undefined), failures };
  }

  private spec(pod: PodSpec, name: string): ServerSpec {
    const spec = pod.servers.find((server) => server.name === name);
    if (spec) return spec;
    throw new UnknownServerError('INVENTORY.UNKNOWN_SERVER', `POD ${pod.name} has no server ${name}`);
  }

  private target<S extends ServerTarget['session']>(
    pod: PodSpec,
    spec: ServerSpec,
    session: S,
  ): PodServer & { readonly session: S } {
    return {
      name: spec.name,
      spec,
      session,
      path: spec.path ?? pod.path,
      state: pod.state,
      ...writesOf(pod),
    };
  }
}

/** The only server of a POD is never out of rotation. A fence is up before anything is recorded, until the end. */
function writesOf(pod: PodSpec): Pick<ServerTarget, 'writes'> {
  if (fencesWrites(pod)) return { writes: 'fenced' };
  return pod.servers.length === 1 ? { writes: 'open' } : {};
}
