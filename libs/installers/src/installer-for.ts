import type { Component } from '@podway/contracts';
import { ArchiveInstaller } from './archive-installer.js';
import { ScriptInstaller } from './script-installer.js';
import type { BundleSource, Installer } from './installer.js';

const installers: Record<
  Component['installer'],
  new (component: Component, bundle: BundleSource) => Installer
> = {
  archive: ArchiveInstaller,
  script: ScriptInstaller,
};

/** The installer that a component asks for. */
export function installerFor(component: Component, bundle: BundleSource): Installer {
  return new installers[component.installer](component, bundle);
}
