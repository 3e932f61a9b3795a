import type { ArtifactStore } from '@podway/artifacts';
import type { Component, ProgramsSpec } from '@podway/contracts';
import type { ServerTarget, StateDriver, StepContext } from '@podway/state';
import type { Variables } from './variables.js';

/** The bundle that components are taken from. */
export interface BundleSource {
  readonly store: ArtifactStore;
  /** SHA-256 of the bundle, or of what the component fetches in its place. */
  readonly digest: string;
}

export interface InstallRequest {
  readonly target: ServerTarget;
  /** The folder that becomes the new tree, as `beginStage` gave it. The folder around it is private to this stage. */
  readonly stageDir: string;
  readonly driver: StateDriver;
  readonly context: StepContext;
  /** Name of the POD. */
  readonly pod: string;
  /** The bundle's, with their values on this server. */
  readonly variables: Variables;
  /** How programs are called on this server. */
  readonly programs: ProgramsSpec;
}

export interface Installed {
  /**
   * The folder to go on with and to commit. Another one than was given when a script of this deployment ran in an
   * earlier stage already: it never runs twice, so that stage is taken up again.
   */
  readonly stageDir: string;
  /** What somebody should know although it succeeded: a restart is wanted. */
  readonly note?: string;
}

/** FIG. 2, 212: applies one component to a stage, beside the live state. Rejects INSTALL.*, BUNDLE.*, HOST.*, STATE.*. */
export interface Installer {
  readonly component: Component;
  /** Whether it may write into files where they are: then the stage must not share files with other trees. */
  readonly writesInPlace: boolean;
  /** May be called again for the same deployment after it was cut at any point. */
  apply(request: InstallRequest): Promise<Installed>;
}
