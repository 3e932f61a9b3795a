import type { Component } from '@podway/contracts';
import { bringFiles } from './component-files.js';
import { DEB_WRONG_VERSION, debJob } from './deb-script.js';
import { runPackageJob } from './package-job.js';
import { DEFAULT_TIMEOUT_MS, type ServerProgram } from './server-job.js';
import type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';

/**
 * Installs Debian packages where they are, by apt, in exact versions: those of the server's repositories and .deb files.
 * Nothing is removed for it, nobody is asked anything. It succeeds when dpkg knows each of them in its version as installed.
 */
export class DebInstaller implements Installer {
  readonly writesInPlace = false;

  constructor(
    readonly component: Component,
    private readonly bundle: BundleSource,
  ) {}

  apply(request: InstallRequest): Promise<Installed> {
    return runPackageJob(request, this.component, DEB_WRONG_VERSION, () => this.#prepare(request));
  }

  async #prepare(request: InstallRequest): Promise<ServerProgram> {
    const { component, bundle } = this;
    const {
      packages = [],
      files = [],
      conffiles = 'keep',
      repair = false,
      timeoutMs = DEFAULT_TIMEOUT_MS,
    } = component;
    const paths = await bringFiles(request, component, bundle, files, 'deb');
    // Half of its time is for waiting: what remains must do for the work.
    const lockWaitS = Math.floor(timeoutMs / 2_000);
    const options = [String(lockWaitS), conffiles, repair ? 'repair' : 'install'];
    return {
      argv: ['sh', '-c', debJob, 'podway-deb', ...options, ...packages, ...paths],
      mark: `ran-${component.name}`,
    };
  }
}
