import type { Component } from '@podway/contracts';
import { bringFiles } from './component-files.js';
import { runPackageJob } from './package-job.js';
import { RPM_WRONG_VERSION, rpmJob } from './rpm-script.js';
import type { ServerProgram } from './server-job.js';
import { programScript } from './server-program.js';
import type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';

/**
 * Installs rpm packages where they are, by `rpm -U`: exactly those of the component, older ones too. They are tried first,
 * so that what cannot be installed changes nothing. It succeeds when rpm's database has each of them in its version.
 */
export class RpmInstaller implements Installer {
  readonly writesInPlace = false;

  constructor(
    readonly component: Component,
    private readonly bundle: BundleSource,
  ) {}

  apply(request: InstallRequest): Promise<Installed> {
    return runPackageJob(request, this.component, RPM_WRONG_VERSION, () => this.#prepare(request));
  }

  async #prepare(request: InstallRequest): Promise<ServerProgram> {
    const { component, bundle } = this;
    const { files = [], repair = false } = component;
    const paths = await bringFiles(request, component, bundle, files, 'rpm');
    const program = await programScript(request, component, 'rpm');
    return {
      argv: ['sh', '-c', rpmJob, 'podway-rpm', program, repair ? 'repair' : 'install', ...paths],
      mark: `ran-${component.name}`,
    };
  }
}
