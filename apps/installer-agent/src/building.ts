import type { ArtifactStore } from '@podway/artifacts';
import { PodwayError, type BundleManifest, type Component, type UpdateSource } from '@podway/contracts';
import { installerFor, type Installed, type Installer, type InstallRequest } from '@podway/installers';
import type { Updates } from '@podway/persistence';
import type { PodServer } from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import type { Prepared } from './preparing.js';

/** What the update brings is not to be had. */
export class SourceMissingError extends PodwayError {}

/** A new state on a server, beside the live one. */
export interface Built {
  readonly treeId: string;
  readonly fingerprint: string;
  readonly notes?: string[];
}

/** An update's artifact and what it says of itself. */
export interface Bundle {
  readonly digest: string;
  readonly manifest: BundleManifest;
}

/** Lets the installers build an update's state on one server, beside the live one. It is not switched to. */
export class Building {
  constructor(
    private readonly driver: StateDriver,
    private readonly updates: Updates,
    private readonly artifacts: ArtifactStore,
  ) {}

  /** @throws SourceMissingError */
  async bundle({ artifact: digest }: UpdateSource): Promise<Bundle> {
    const manifest = digest === undefined ? undefined : await this.updates.manifest(digest);
    if (digest !== undefined && manifest !== undefined) return { digest, manifest };
    throw new SourceMissingError('ARTIFACT.UNKNOWN', 'The update names an artifact that is not stored');
  }

  /** What an earlier attempt has built, or another agent. */
  async built(server: PodServer, treeId: string): Promise<Built | undefined> {
    const { trees } = await this.driver.inspect(server);
    if (!trees.some((tree) => tree.id === treeId)) return undefined;
    const { fingerprint } = await this.driver.fingerprint(server, treeId);
    return { treeId, fingerprint };
  }

  /** Builds the state of this deployment, once: another agent may have the same command, and be faster. */
  async build(
    server: PodServer,
    prepared: Prepared,
    what: { readonly digest: string; readonly pod: string; readonly base?: string },
    context: StepContext,
  ): Promise<Built> {
    try {
      return await this.install(server, prepared, what, context);
    } catch (error) {
      const theirs = await this.built(server, context.deploymentId);
      if (theirs) return theirs;
      throw error;
    }
  }

  private async install(
    server: PodServer,
    { components, variables, sources }: Prepared,
    { digest, pod, base }: { readonly digest: string; readonly pod: string; readonly base?: string },
    context: StepContext,
  ): Promise<Built> {
    const treeId = context.deploymentId;
    const bundle = { store: this.artifacts, digest };
    const sourceOf = ({ url, sha256 }: Component) =>
      url === undefined || sha256 === undefined ? bundle : { store: sources.store, digest: sha256 };
    const installers = components.map((component) => installerFor(component, sourceOf(component)));
    // Unchanged files are shared with the live state, unless something writes into files where they are.
    const copy = installers.some((installer) => installer.writesInPlace) ? 'full' : 'link';
    const notes: string[] = [];
    let { dir } = await this.driver.beginStage(server, context, { base, copy });
    for (const [index, installer] of installers.entries()) {
      const percent = Math.round((100 * index) / installers.length);
      context.progress(`installing ${installer.component.name}`, { server: server.name, percent });
      // A script that ran in an earlier stage is never run again: that stage is taken up instead.
      const { stageDir, note } = await applied(installer, {
        target: server,
        stageDir: dir,
        driver: this.driver,
        context,
        pod,
        variables,
        programs: server.spec.programs ?? {},
      });
      dir = stageDir;
      if (note === undefined) continue;
      context.progress(note, { server: server.name });
      notes.push(note.slice(0, 500));
    }
    const { fingerprint } = await this.driver.commitStage(server, context, { dir, treeId });
    return { treeId, fingerprint, ...(notes.length > 0 && { notes }) };
  }
}

/** Lets one installer work, and writes down that it did, or why not. */
async function applied(installer: Installer, request: InstallRequest): Promise<Installed> {
  const part = installer.component.name;
  const { log } = request.context;
  const { server } = request.target.session;
  log.say({ server, part, level: 'info', text: `installing ${part}` });
  try {
    const installed = await installer.apply(request);
    log.say({ server, part, level: 'info', text: installed.note ?? `installed ${part}` });
    return installed;
  } catch (error) {
    if (error instanceof PodwayError) log.say({ server, part, level: 'error', text: error.message });
    throw error;
  }
}
