import type { LoadBalancer } from '@podway/balancing';
import {
  PodwayError,
  RestoreFailed,
  SnapshotRestored,
  type PodSpec,
  type RestoreSnapshot,
  type ServerOutcome,
  type StepOutcome,
} from '@podway/contracts';
import { failureOf, outcomeOf, type PodServer, type PodServers, type StepWork } from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';

/** A server that answers could not be put back. */
export class RestoreFailedError extends PodwayError {
  constructor(
    readonly servers: ServerOutcome[],
    first: ServerOutcome,
    readonly server = first.name,
  ) {
    super(
      first.code ?? 'RESTORE.FAILED',
      `${first.name} could not be put back: ${first.detail ?? 'no reason known'}`,
      {
        details: { servers },
      },
    );
  }
}

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
    const { servers, failures } = await this.servers.connectAll(pod, names);
    const absent = [...failures].map(([name, error]) => outcome(name, 'quarantined', error));
    const done: ServerOutcome[] = [];
    if (servers.length > 0) {
      const { kept, changed } = await this.sort(servers, command);
      // Where none kept the old state, one is restored out of rotation and then takes the accesses for the others.
      const first = kept.length > 0 ? kept : changed.splice(0, 1);
      if (kept.length === 0) await this.rotate(pod, first, [], command, context);
      done.push(...(await this.restoreAll(first, command, context)));
      if (changed.length > 0) {
        if (good(done).length > 0) await this.rotate(pod, servers, good(done), command, context);
        done.push(...(await this.restoreAll(changed, command, context)));
      }
    }
    await this.rotate(
      pod,
      names.map((name) => ({ name })),
      good(done),
      command,
      context,
    );
    const all = [...done, ...absent];
    const bad = done.find((server) => server.result === 'failed');
    if (bad) throw new RestoreFailedError(all, bad);
    if (done.length === 0) throw new RestoreFailedError(all, absent[0] as ServerOutcome);
    return outcomeOf(SnapshotRestored, command, { servers: all });
  }

  failed(command: RestoreSnapshot, error: PodwayError): RestoreFailed {
    if (!(error instanceof RestoreFailedError))
      return failureOf(RestoreFailed, command, error, { servers: [] });
    return failureOf(RestoreFailed, command, error, { servers: error.servers, server: error.server });
  }

  /** Which servers kept the old state, and which left it. */
  private async sort(
    servers: readonly PodServer[],
    { snapshot }: RestoreSnapshot,
  ): Promise<{ kept: PodServer[]; changed: PodServer[] }> {
    const live = await Promise.all(
      servers.map(async (server) => (await this.driver.inspect(server)).liveTreeId),
    );
    const isKept = (_: PodServer, index: number): boolean => live[index] === snapshot.treeId;
    return {
      kept: servers.filter(isKept),
      changed: servers.filter((server, index) => !isKept(server, index)),
    };
  }

  private restoreAll(
    servers: readonly PodServer[],
    command: RestoreSnapshot,
    context: StepContext,
  ): Promise<ServerOutcome[]> {
    return Promise.all(servers.map((server) => this.restore(server, command, context)));
  }

  private async restore(
    server: PodServer,
    command: RestoreSnapshot,
    context: StepContext,
  ): Promise<ServerOutcome> {
    const { treeId, fingerprint } = command.snapshot;
    context.progress('restoring', { server: server.name });
    try {
      await this.driver.restore(server, context, { treeId, fingerprint, discard: command.deploymentId });
      await this.driver.disarmWatchdog(server, command.deploymentId);
      return { name: server.name, result: 'restored', fingerprint };
    } catch (error) {
      if (!(error instanceof PodwayError) || error.code.endsWith('.FENCED')) throw error;
      // A server that was behind already, or that went away meanwhile, catches up later.
      const behind = error.retryable || error.code === 'STATE.TREE_MISSING';
      return outcome(server.name, behind ? 'quarantined' : 'failed', error);
    }
  }

  /** Of `servers`, those in `serving` are in rotation after it, and no others. */
  private async rotate(
    pod: PodSpec,
    servers: readonly { name: string }[],
    serving: readonly string[],
    command: RestoreSnapshot,
    context: StepContext,
  ): Promise<void> {
    // The only server of a POD is never taken out.
    const changes = new Map(
      servers.map(({ name }) => [name, pod.servers.length === 1 || serving.includes(name)]),
    );
    await this.balancer.rotate(pod, changes, {
      fencingToken: command.fencingToken,
      drainTimeoutMs: 0,
      signal: context.signal,
    });
  }
}

function outcome(name: string, result: 'quarantined' | 'failed', error: PodwayError): ServerOutcome {
  return { name, result, code: error.code, detail: error.message.slice(0, 2000) };
}

function good(outcomes: readonly ServerOutcome[]): string[] {
  return outcomes.filter((one) => one.result === 'restored').map((one) => one.name);
}
