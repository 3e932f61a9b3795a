import type { LoadBalancer } from '@podway/balancing';
import {
  PodwayError,
  ReleaseReplicated,
  ReplicationFailed,
  type PodSpec,
  type ReplicateRelease,
  type StepOutcome,
} from '@podway/contracts';
import type { DeploymentReader } from '@podway/persistence';
import {
  drainTimeoutMsOf,
  failureOf,
  isFenced,
  minInRotationOf,
  outcomeOf,
  watchdogMsOf,
  type PodServer,
  type PodServers,
  type StepWork,
} from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import { ReplicationFailedError, Toll } from './toll.js';

/**
 * FIG. 2, 216: stage the canary's verified state on all other servers, then switch all.
 *
 * Nothing is switched before every server that goes on has the state proved beside its live one. At the switch the
 * canary takes all accesses, so that servers in rotation agree at any moment; a POD that needs more servers than one
 * in rotation switches them under traffic instead, all at once.
 */
export class Replicating implements StepWork<ReplicateRelease> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: LoadBalancer,
    private readonly deployments: DeploymentReader,
  ) {}

  async execute(command: ReplicateRelease, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const canary = await this.servers.connect(pod, command.canary);
    await this.driver.feedWatchdog(canary, context, { watchdogMs: watchdogMsOf(pod) });
    const toll = new Toll(pod, await this.quarantined(command.pod));
    const { servers, failures } = await this.servers.connectAll(pod, command.replicas);
    for (const [name, error] of failures) toll.lost(name, error);
    toll.check();

    const { staged, bytesSent } = await this.stage(canary, servers, command, context, toll);
    await this.switchOver(pod, staged, command, context, toll);
    toll.switched(command.canary, command.fingerprint);
    return outcomeOf(ReleaseReplicated, command, { servers: toll.outcomes(), bytesSent });
  }

  failed(command: ReplicateRelease, error: PodwayError): ReplicationFailed {
    if (!(error instanceof ReplicationFailedError)) {
      return failureOf(ReplicationFailed, command, error, { servers: [] });
    }
    return failureOf(ReplicationFailed, command, error, { servers: error.servers, server: error.server });
  }

  private async quarantined(pod: string): Promise<Set<string>> {
    const statuses = await this.deployments.serverStatus(pod);
    return new Set(statuses.filter((status) => status.quarantined).map((status) => status.server));
  }

  private async stage(
    canary: PodServer,
    servers: readonly PodServer[],
    { treeId, fingerprint }: ReplicateRelease,
    context: StepContext,
    toll: Toll,
  ): Promise<{ staged: PodServer[]; bytesSent: number }> {
    context.progress(`staging on ${servers.length} servers`);
    const { results, bytesSent } = await this.driver.stageFrom(canary, [...servers], context, {
      treeId,
      fingerprint,
    });
    const staged = servers.filter((server) => {
      const result = results.get(server.name);
      if (result?.ok) return true;
      const error = result?.error ?? new PodwayError('REPLICATION.NO_RESULT', 'nothing is known of it');
      if (isFenced(error)) throw error;
      toll.lost(server.name, error);
      return false;
    });
    toll.check();
    return { staged, bytesSent };
  }

  private async switchOver(
    pod: PodSpec,
    staged: readonly PodServer[],
    command: ReplicateRelease,
    context: StepContext,
    toll: Toll,
  ): Promise<void> {
    const names = staged.map((server) => server.name);
    if (names.length > 0 && minInRotationOf(pod) <= 1) {
      await this.rotate(
        pod,
        command,
        context,
        new Map([[command.canary, true], ...off([...names, ...toll.lostServers])]),
      );
    }
    context.progress(`switching ${names.length} servers`);
    await Promise.all(staged.map((server) => this.switchOne(pod, server, command, context, toll)));
    toll.check();
    const on = [command.canary, ...toll.switchedServers].map((name) => [name, true] as const);
    await this.rotate(pod, command, context, new Map([...on, ...off(toll.lostServers)]));
  }

  private async switchOne(
    pod: PodSpec,
    server: PodServer,
    { treeId, fingerprint }: ReplicateRelease,
    context: StepContext,
    toll: Toll,
  ): Promise<void> {
    try {
      await this.driver.switchTo(server, context, { treeId, fingerprint, watchdogMs: watchdogMsOf(pod) });
      toll.switched(server.name, fingerprint);
    } catch (error) {
      if (!(error instanceof PodwayError) || isFenced(error)) throw error;
      toll.lost(server.name, error);
    }
  }

  private async rotate(
    pod: PodSpec,
    command: ReplicateRelease,
    context: StepContext,
    changes: ReadonlyMap<string, boolean>,
  ): Promise<void> {
    await this.balancer.rotate(pod, changes, {
      fencingToken: command.fencingToken,
      drainTimeoutMs: drainTimeoutMsOf(pod),
      signal: context.signal,
    });
  }
}

function off(names: readonly string[]): [string, boolean][] {
  return names.map((name) => [name, false]);
}
