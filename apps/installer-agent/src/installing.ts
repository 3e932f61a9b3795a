import type { ArtifactStore } from '@podway/artifacts';
import type { LoadBalancer } from '@podway/balancing';
import {
  InstallFailed,
  PodwayError,
  UpdateInstalled,
  type BundleManifest,
  type InstallUpdate,
  type StepOutcome,
} from '@podway/contracts';
import { installerFor } from '@podway/installers';
import type { Updates } from '@podway/persistence';
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
import { checkPrerequisites } from './prerequisites.js';

/** What the update brings is not to be had. */
export class SourceMissingError extends PodwayError {}

interface Installed {
  treeId: string;
  fingerprint: string;
}

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
    private readonly updates: Updates,
    private readonly artifacts: ArtifactStore,
    private readonly balancer: LoadBalancer,
  ) {}

  async execute(command: InstallUpdate, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const canary = await this.servers.connect(pod, command.canary);
    await this.driver.feedWatchdog(canary, context, { watchdogMs: watchdogMsOf(pod) });
    const installed =
      command.source.kind === 'release' ? kept(command) : await this.build(canary, command, context);
    // Again, although the snapshotter has: a copy of its command that failed late may have put the canary back.
    await drainCanary(this.balancer, pod, command, context);
    context.progress('switching the canary', { server: canary.name });
    await this.driver.switchTo(canary, context, installed);
    return outcomeOf(UpdateInstalled, command, installed);
  }

  failed(command: InstallUpdate, error: PodwayError): InstallFailed {
    return failureOf(InstallFailed, command, error, { server: command.canary });
  }

  /** Builds the new state beside the live one, once: a second call finds it. */
  private async build(canary: PodServer, command: InstallUpdate, context: StepContext): Promise<Installed> {
    const built = await this.built(canary, command.deploymentId);
    if (built) return built;
    const digest = command.source.artifact;
    const manifest = digest === undefined ? undefined : await this.updates.manifest(digest);
    if (digest === undefined || manifest === undefined) {
      throw new SourceMissingError('ARTIFACT.UNKNOWN', 'The update names an artifact that is not stored');
    }
    await checkPrerequisites(manifest.prerequisites, canary, this.driver);
    try {
      return await this.install(canary, manifest, digest, command, context);
    } catch (error) {
      // Another agent may have had the same command, and been faster.
      const theirs = await this.built(canary, command.deploymentId);
      if (theirs) return theirs;
      throw error;
    }
  }

  private async built(canary: PodServer, treeId: string): Promise<Installed | undefined> {
    const { trees } = await this.driver.inspect(canary);
    if (!trees.some((tree) => tree.id === treeId)) return undefined;
    const { fingerprint } = await this.driver.fingerprint(canary, treeId);
    return { treeId, fingerprint };
  }

  private async install(
    canary: PodServer,
    manifest: BundleManifest,
    digest: string,
    command: InstallUpdate,
    context: StepContext,
  ): Promise<Installed> {
    const treeId = command.deploymentId;
    const installers = manifest.components.map((component) =>
      installerFor(component, { store: this.artifacts, digest }),
    );
    // Unchanged files are shared with the live state, unless something writes into files where they are.
    const copy = installers.some((installer) => installer.writesInPlace) ? 'full' : 'link';
    let { dir } = await this.driver.beginStage(canary, context, { base: command.snapshot.treeId, copy });
    for (const [index, installer] of installers.entries()) {
      const percent = Math.round((100 * index) / installers.length);
      context.progress(`installing ${installer.component.name}`, { server: canary.name, percent });
      // A script that ran in an earlier stage is never run again: that stage is taken up instead.
      ({ stageDir: dir } = await installer.apply({
        target: canary,
        stageDir: dir,
        driver: this.driver,
        context,
        pod: command.pod,
      }));
    }
    const { fingerprint } = await this.driver.commitStage(canary, context, { dir, treeId });
    return { treeId, fingerprint };
  }
}

function kept({ source }: InstallUpdate): Installed {
  const { treeId, fingerprint } = source;
  if (treeId === undefined || fingerprint === undefined) {
    throw new SourceMissingError('RELEASE.UNKNOWN', 'The update names a release without its state');
  }
  return { treeId, fingerprint };
}
