import type { LoadBalancer } from '@podway/balancing';
import {
  PodwayError,
  ReleaseReplicated,
  ReplicationFailed,
  type PodSpec,
  type PromotionCommand,
  type StateChanges,
} from '@podway/contracts';
import type { DeploymentReader } from '@podway/persistence';
import type { StateDriver, StepContext } from '@podway/state';
import { drainTimeoutMsOf, minInRotationOf, watchdogMsOf } from './pod-policy.js';
import type { PodServer, PodServers } from './pod-servers.js';
import { failureOf, isFenced, outcomeOf } from './step-runner.js';
import { PromotionFailedError, Toll } from './toll.js';

/** Most files of a release's record that are told by name. */
const CHANGES_TOLD = 200;

export interface PromotionParts {
  readonly servers: PodServers;
  readonly driver: StateDriver;
  readonly balancer: LoadBalancer;
  readonly deployments: DeploymentReader;
}

/**
 * FIG. 2, 216: the other servers come to the canary's verified state, in whatever way. At the switch the canary takes
 * all accesses, so that servers in rotation agree at any moment; a POD that needs more servers than one in rotation
 * switches them under traffic instead, all at once.
 */
export class Promotion {
  private constructor(
    private readonly parts: PromotionParts,
    private readonly command: PromotionCommand,
    private readonly context: StepContext,
    readonly pod: PodSpec,
    readonly canary: PodServer,
    /** The others that can be reached. */
    readonly others: readonly PodServer[],
    readonly toll: Toll,
  ) {}

  static async begin(
    parts: PromotionParts,
    command: PromotionCommand,
    context: StepContext,
  ): Promise<Promotion> {
    const pod = await parts.servers.pod(command);
    const canary = await parts.servers.connect(pod, command.canary);
    await parts.driver.feedWatchdog(canary, context, { watchdogMs: watchdogMsOf(pod) });
    const statuses = await parts.deployments.serverStatus(command.pod);
    const quarantined = statuses.filter((status) => status.quarantined).map((status) => status.server);
    const toll = new Toll(pod, new Set(quarantined));
    const { servers, failures } = await parts.servers.connectAll(pod, command.replicas);
    for (const [name, error] of failures) toll.lost(name, error);
    toll.check();
    return new Promotion(parts, command, context, pod, canary, servers, toll);
  }

  /** Carries the canary's state to these servers, beside their live one. Resolves with those that have it. */
  async stage(servers: readonly PodServer[]): Promise<{ staged: PodServer[]; bytesSent: number }> {
    const { treeId, fingerprint } = this.command;
    const wanted = { treeId, fingerprint };
    const { results, bytesSent } = await this.parts.driver.stageFrom(
      this.canary,
      [...servers],
      this.context,
      wanted,
    );
    const staged = servers.filter((server) => {
      const result = results.get(server.name);
      if (result?.ok) return true;
      this.lose(
        server.name,
        result?.error ?? new PodwayError('REPLICATION.NO_RESULT', 'nothing is known of it'),
      );
      return false;
    });
    this.toll.check();
    return { staged, bytesSent };
  }

  /** Does it on all of them at once. Resolves with those on which it went well; what the policy does not bear is thrown. */
  async onEach(
    servers: readonly PodServer[],
    work: (server: PodServer) => Promise<void>,
  ): Promise<PodServer[]> {
    const well = await Promise.all(
      servers.map(async (server) => {
        try {
          await work(server);
          return [server];
        } catch (error) {
          if (!(error instanceof PodwayError)) throw error;
          this.lose(server.name, error);
          return [];
        }
      }),
    );
    this.toll.check();
    return well.flat();
  }

  /** The canary takes all accesses, unless that are too few servers. Resolves whether it does. */
  async canaryServes(others: readonly PodServer[]): Promise<boolean> {
    await this.parts.driver.open(this.canary, this.context);
    if (others.length === 0 || minInRotationOf(this.pod) > 1) return false;
    const names = others.map(({ name }) => name);
    await this.rotate(new Map([[this.command.canary, true], ...off([...names, ...this.toll.lostServers])]));
    return true;
  }

  /** Switches servers that hold the state, out of rotation or all at once. */
  async switchTo(servers: readonly PodServer[]): Promise<PodServer[]> {
    const { treeId, fingerprint, acceptLoss } = this.command;
    const watchdogMs = watchdogMsOf(this.pod);
    const how = { treeId, fingerprint, watchdogMs, ...(acceptLoss ? { acceptLoss } : {}) };
    this.context.progress(`switching ${servers.length} servers`);
    return this.onEach(servers, async (server) => {
      await this.parts.driver.switchTo(server, this.context, how);
      this.toll.switched(server.name, fingerprint);
    });
  }

  /** All that were switched serve, and the step is over. */
  async end(bytesSent: number): Promise<ReleaseReplicated> {
    const { canary, fingerprint } = this.command;
    const on = [canary, ...this.toll.switchedServers].map((name) => [name, true] as const);
    await this.rotate(new Map([...on, ...off(this.toll.lostServers)]));
    this.toll.switched(canary, fingerprint);
    const changes = await this.changes();
    return outcomeOf(ReleaseReplicated, this.command, {
      ...{ servers: this.toll.outcomes(), bytesSent },
      ...(changes === undefined ? {} : { changes }),
    });
  }

  private lose(name: string, error: PodwayError): void {
    if (isFenced(error)) throw error;
    this.toll.lost(name, error);
  }

  /** What the release changes, for its record. Not to know it is no reason to give the release up. */
  private async changes(): Promise<StateChanges | undefined> {
    const { snapshot: from, treeId, fingerprint } = this.command;
    try {
      const to = { treeId, fingerprint };
      const { next: _, ...changes } = await this.parts.driver.changes(this.canary, {
        ...{ from, to },
        limit: CHANGES_TOLD,
      });
      return changes;
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      this.context.progress(`what the release changes could not be told: ${error.message}`);
      return undefined;
    }
  }

  private async rotate(changes: ReadonlyMap<string, boolean>): Promise<void> {
    await this.parts.balancer.rotate(this.pod, changes, {
      fencingToken: this.command.fencingToken,
      drainTimeoutMs: drainTimeoutMsOf(this.pod),
      signal: this.context.signal,
    });
  }
}

/** The outcome of a promotion that did not go well. */
export function promotionFailed(command: PromotionCommand, error: PodwayError): ReplicationFailed {
  if (!(error instanceof PromotionFailedError)) {
    return failureOf(ReplicationFailed, command, error, { servers: [] });
  }
  return failureOf(ReplicationFailed, command, error, { servers: error.servers, server: error.server });
}

function off(names: readonly string[]): [string, boolean][] {
  return names.map((name) => [name, false]);
}
