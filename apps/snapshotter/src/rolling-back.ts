import type { LoadBalancer } from '@podway/balancing';
import {
  PodwayError,
  RestoreFailed,
  SnapshotRestored,
  type PodSpec,
  type RestoreSnapshot,
  type StepOutcome,
} from '@podway/contracts';
import {
  failureOf,
  isFenced,
  outcomeOf,
  type PodServer,
  type PodServers,
  type StepWork,
} from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import { RestoreFailedError, RestoreToll } from './restore-toll.js';

/**
 * FIG. 2, 218: put the servers back to the state before the deployment.
 *
 * Those that never left it take all accesses while the others are restored, so that servers in rotation agree
 * all the time. A server that does not answer stays out of rotation: its watchdog restores it, and it catches up later.
 */
export class RollingBack implements StepWork<RestoreSnapshot> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: LoadBalancer,
  ) {}

  async execute(command: RestoreSnapshot, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const names = [command.canary, ...command.replicas];
    const toll = new RestoreToll(command.snapshot);
    const { servers, failures } = await this.servers.connectAll(pod, names);
    for (const [name, error] of failures) toll.absent(name, error);
    const { kept, changed } = await this.sort(servers, command, toll);
    await this.restoreAll(kept, command, context, toll);
    // Where none kept the old state, one is restored out of rotation and then takes the accesses for the others.
    while (toll.good.length === 0) {
      const first = changed.shift();
      if (!first) break;
      await this.rotate(pod, [first.name], [], command, context);
      await this.restoreAll([first], command, context, toll);
    }
    if (changed.length > 0) {
      await this.rotate(pod, names, toll.good, command, context);
      await this.restoreAll(changed, command, context, toll);
    }
    await this.rotate(pod, names, toll.good, command, context);
    toll.check();
    return outcomeOf(SnapshotRestored, command, { servers: toll.all() });
  }

  failed(command: RestoreSnapshot, error: PodwayError): RestoreFailed {
    if (!(error instanceof RestoreFailedError)) {
      return failureOf(RestoreFailed, command, error, { servers: [] });
    }
    return failureOf(RestoreFailed, command, error, { servers: error.servers, server: error.server });
  }

  /** Which servers kept the old state, and which left it. */
  private async sort(
    servers: readonly PodServer[],
    { snapshot }: RestoreSnapshot,
    toll: RestoreToll,
  ): Promise<{ kept: PodServer[]; changed: PodServer[] }> {
    const kept: PodServer[] = [];
    const changed: PodServer[] = [];
    const live = await Promise.all(servers.map((server) => this.live(server, toll)));
    for (const [index, server] of servers.entries()) {
      const found = live[index];
      if (found) (found.treeId === snapshot.treeId ? kept : changed).push(server);
    }
    return { kept, changed };
  }

  private async live(server: PodServer, toll: RestoreToll): Promise<{ treeId?: string } | undefined> {
    try {
      return { treeId: (await this.driver.inspect(server)).liveTreeId };
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      toll.failed(server.name, error);
      return undefined;
    }
  }

  private async restoreAll(
    servers: readonly PodServer[],
    command: RestoreSnapshot,
    context: StepContext,
    toll: RestoreToll,
  ): Promise<void> {
    await Promise.all(servers.map((server) => this.restore(server, command, context, toll)));
  }

  private async restore(
    server: PodServer,
    { snapshot, deploymentId }: RestoreSnapshot,
    context: StepContext,
    toll: RestoreToll,
  ): Promise<void> {
    const { treeId, fingerprint } = snapshot;
    context.progress('restoring', { server: server.name });
    try {
      await this.driver.restore(server, context, { treeId, fingerprint, discard: deploymentId });
      await this.driver.disarmWatchdog(server, deploymentId);
      toll.restored(server.name);
    } catch (error) {
      if (!(error instanceof PodwayError) || isFenced(error)) throw error;
      toll.failed(server.name, error);
    }
  }

  /** Of the servers named, those in `serving` are in rotation after it, and no others. */
  private async rotate(
    pod: PodSpec,
    names: readonly string[],
    serving: readonly string[],
    command: RestoreSnapshot,
    context: StepContext,
  ): Promise<void> {
    // The only server of a POD is never taken out.
    const changes = new Map(names.map((name) => [name, pod.servers.length === 1 || serving.includes(name)]));
    await this.balancer.rotate(pod, changes, {
      fencingToken: command.fencingToken,
      drainTimeoutMs: 0,
      signal: context.signal,
    });
  }
}
