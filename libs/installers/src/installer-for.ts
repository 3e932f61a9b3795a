import type { Component, InstallerKind } from '@podway/contracts';
import { ArchiveInstaller } from './archive-installer.js';
import { DebInstaller } from './deb-installer.js';
import { MsiInstaller } from './msi-installer.js';
import { RpmInstaller } from './rpm-installer.js';
import { ScriptInstaller } from './script-installer.js';
import { SqlInstaller } from './sql-installer.js';
import type { BundleSource, Installer } from './installer.js';

const installers: Record<InstallerKind, new (component: Component, bundle: BundleSource) => Installer> = {
  archive: ArchiveInstaller,
  script: ScriptInstaller,
  deb: DebInstaller,
  rpm: RpmInstaller,
  msi: MsiInstaller,
  sql: SqlInstaller,
};

/** The installer that a component asks for. */
export function installerFor(component: Component, bundle: BundleSource): Installer {
  return new installers[component.installer](component, bundle);
}
