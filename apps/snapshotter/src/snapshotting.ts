import type { LoadBalancer } from '@podway/balancing';
import {
  PodwayError,
  SnapshotFailed,
  SnapshotTaken,
  type PodSpec,
  type StepOutcome,
  type TakeSnapshot,
} from '@podway/contracts';
import {
  failureOf,
  outcomeOf,
  watchdogMsOf,
  drainCanary,
  drainTimeoutMsOf,
  fencesWrites,
  type PodServers,
  type StepWork,
} from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import type { Logger } from 'pino';

/** What is written by them after the snapshot, a roll-back would lose. */
export class WritesRunningError extends PodwayError {
  constructor(pod: string, running: number, waitedMs: number) {
    super(
      'SNAPSHOT.WRITES_RUNNING',
      `${running} writes of users to ${pod} have not ended within ${waitedMs} ms`,
      { retryable: true, details: { pod, running } },
    );
  }
}

/** FIG. 2, 210: keep users from writing where the POD wants it, drain the canary, arm its watchdog and record its state. */
export class Snapshotting implements StepWork<TakeSnapshot> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: LoadBalancer,
    private readonly logger: Logger,
  ) {}

  async execute(command: TakeSnapshot, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const canary = await this.servers.connect(pod, command.canary);
    if (fencesWrites(pod)) await this.fenceWrites(pod, command, context);
    context.progress('taking the canary out of rotation', { server: canary.name });
    const running = await drainCanary(this.balancer, pod, command, context);
    if (running > 0) context.progress(`${running} accesses still run on the canary`, { server: canary.name });
    context.progress('recording the state', { server: canary.name });
    const state = await this.driver.snapshot(canary, context, { watchdogMs: watchdogMsOf(pod) });
    return outcomeOf(SnapshotTaken, command, { snapshot: { server: canary.name, ...state } });
  }

  /** Nothing was changed on the canary, so it may serve again. */
  async givenUp(command: TakeSnapshot, context: StepContext): Promise<void> {
    try {
      const pod = await this.servers.pod(command);
      // One more than the command's: a second copy of the same command must not drain it again after this.
      const options = { fencingToken: command.fencingToken + 1, drainTimeoutMs: 0 };
      await this.balancer.rotate(pod, new Map([[command.canary, true]]), options);
      // Last: this call knows no fence, and the server may be what is out of reach.
      const canary = await this.servers.connect(pod, command.canary);
      await this.driver.disarmWatchdog(canary, context.deploymentId);
    } catch (error) {
      const { deploymentId, canary } = command;
      this.logger.warn({ err: error, deploymentId, canary }, 'the canary is not all as it was');
    }
  }

  /** The coordinator's word that the deployment is over lifts it, whatever it has come to. */
  private async fenceWrites(
    pod: PodSpec,
    { deploymentId, fencingToken }: TakeSnapshot,
    context: StepContext,
  ): Promise<void> {
    context.progress('keeping users from writing');
    const drainTimeoutMs = drainTimeoutMsOf(pod);
    const options = { deploymentId, fencingToken, drainTimeoutMs, signal: context.signal };
    const { running } = await this.balancer.fenceWrites(pod, options);
    if (running > 0) throw new WritesRunningError(pod.name, running, drainTimeoutMs);
  }

  failed(command: TakeSnapshot, error: PodwayError): SnapshotFailed {
    return failureOf(SnapshotFailed, command, error, { server: command.canary });
  }
}
