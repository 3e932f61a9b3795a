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
import type { ServerStatus, StateDriver, StepContext } from '@podway/state';
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
    const { kept, changed } = await this.sort(servers, command, context, toll);
    await this.restoreShared(pod, [kept, changed], command, context, toll);
    if (kept.length > 0 && hasSharedPartsOnly(pod) && toll.isKeptForWrites(command.canary)) {
      // These were never switched, and have served with the database as it is since the update changed it.
      const serving = kept.map(({ name }) => name);
      for (const name of serving) toll.unchanged(name);
      await this.rotate(pod, names, serving, command, context);
      toll.check();
    }
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

  /** What all servers share is on the canary's record only, and before it is back none of them is as it was. */
  private async restoreShared(
    pod: PodSpec,
    lists: readonly PodServer[][],
    command: RestoreSnapshot,
    context: StepContext,
    toll: RestoreToll,
  ): Promise<void> {
    if (!pod.state.parts?.some(({ scope }) => scope === 'pod')) return;
    for (const servers of lists) {
      const at = servers.findIndex(({ name }) => name === command.canary);
      const [canary] = at === -1 ? [] : servers.splice(at, 1);
      if (!canary) continue;
      await this.rotate(pod, [canary.name], [], command, context);
      await this.restoreAll([canary], command, context, toll);
    }
  }

  /** Which servers kept the old state, and which left it. */
  private async sort(
    servers: readonly PodServer[],
    { snapshot }: RestoreSnapshot,
    context: StepContext,
    toll: RestoreToll,
  ): Promise<{ kept: PodServer[]; changed: PodServer[] }> {
    const kept: PodServer[] = [];
    const changed: PodServer[] = [];
    const live = await Promise.all(servers.map((server) => this.live(server, context, toll)));
    for (const [index, server] of servers.entries()) {
      const found = live[index];
      if (found) (found.treeId === snapshot.treeId ? kept : changed).push(server);
    }
    return { kept, changed };
  }

  private async live(
    server: PodServer,
    context: StepContext,
    toll: RestoreToll,
  ): Promise<{ treeId?: string } | undefined> {
    try {
      const status = await this.driver.inspect(server);
      tellOfWatchdog(server.name, status, context);
      return { treeId: status.liveTreeId };
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
    { snapshot, deploymentId, acceptLoss }: RestoreSnapshot,
    context: StepContext,
    toll: RestoreToll,
  ): Promise<void> {
    const { treeId, fingerprint } = snapshot;
    context.progress('restoring', { server: server.name });
    try {
      const how = { treeId, fingerprint, discard: deploymentId, ...(acceptLoss ? { acceptLoss } : {}) };
      await this.driver.restore(server, context, how);
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

/** Then a server with the tree of before is all that it was before. */
function hasSharedPartsOnly({ state: { parts = [] } }: PodSpec): boolean {
  return parts.every(({ scope }) => scope === 'pod');
}

/** What a server did by itself while nobody could reach it. */
function tellOfWatchdog(server: string, status: ServerStatus, context: StepContext): void {
  if (!status.restoredByWatchdog.includes(context.deploymentId)) return;
  const left = status.leftByWatchdog
    .filter(({ deploymentId }) => deploymentId === context.deploymentId)
    .map(({ part }) => part);
  const rest = left.length > 0 ? `; it could not put back ${left.join(', ')}` : '';
  context.progress(`the watchdog had restored the server${rest}`, { server });
}
