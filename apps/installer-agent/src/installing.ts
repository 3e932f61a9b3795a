import type { LoadBalancer } from '@podway/balancing';
import {
  InstallFailed,
  UpdateInstalled,
  type InstallUpdate,
  type PodSpec,
  type PodwayError,
  type StepOutcome,
} from '@podway/contracts';
import { changesServer } from '@podway/installers';
import {
  drainCanary,
  failureOf,
  outcomeOf,
  watchdogMsOf,
  type PodServer,
  type PodServers,
  type StepWork,
} from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import { SourceMissingError, type Building, type Built } from './building.js';
import type { Preparing } from './preparing.js';

/**
 * FIG. 2, 212: let the installers apply the update to the canary.
 *
 * They work beside the live state; the canary, which takes no accesses, is switched when all of them are done.
 * Going back to a kept release installs nothing: its state is there.
 */
export class Installing implements StepWork<InstallUpdate> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: LoadBalancer,
    private readonly preparing: Preparing,
    private readonly building: Building,
  ) {}

  async execute(command: InstallUpdate, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const canary = await this.servers.connect(pod, command.canary);
    await this.driver.feedWatchdog(canary, context, { watchdogMs: watchdogMsOf(pod) });
    const installed =
      command.source.kind === 'release' ? kept(command) : await this.build(pod, canary, command, context);
    // Again, although the snapshotter has: a copy of its command that failed late may have put the canary back.
    await drainCanary(this.balancer, pod, command, context);
    context.progress('switching the canary', { server: canary.name });
    const { acceptLoss } = command.source;
    await this.driver.switchTo(canary, context, { ...installed, ...(acceptLoss ? { acceptLoss } : {}) });
    return outcomeOf(UpdateInstalled, command, installed);
  }

  failed(command: InstallUpdate, error: PodwayError): InstallFailed {
    return failureOf(InstallFailed, command, error, { server: command.canary });
  }

  /** Builds the new state beside the live one, once: a second call finds it. */
  private async build(
    pod: PodSpec,
    canary: PodServer,
    command: InstallUpdate,
    context: StepContext,
  ): Promise<Built> {
    const built = await this.building.built(canary, command.deploymentId);
    if (built) return built;
    const { digest, manifest } = await this.building.bundle(command.source);
    const prepared = await this.preparing.prepare(manifest, pod, canary, context);
    try {
      // What changes the server in place begins when nobody looks at it any more.
      if (prepared.components.some(changesServer)) await drainCanary(this.balancer, pod, command, context);
      const what = { digest, pod: pod.name, base: command.snapshot.treeId };
      return await this.building.build(canary, prepared, what, context);
    } finally {
      await prepared.sources.remove();
    }
  }
}

function kept({ source }: InstallUpdate): Built {
  const { treeId, fingerprint } = source;
  if (treeId === undefined || fingerprint === undefined) {
    throw new SourceMissingError('RELEASE.UNKNOWN', 'The update names a release without its state');
  }
  return { treeId, fingerprint };
}
