import type { Component, PropertyValue } from '@podway/contracts';
import { bringFiles } from './component-files.js';
import { MsiFailedError, PropertyRefusedError } from './installer.errors.js';
import { msiEnd } from './msi-codes.js';
import { msiJob } from './msi-script.js';
import { runServerJob, type ServerProgram } from './server-job.js';
import { programScript } from './server-program.js';
import type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';

/** Installs an MSI package by msiexec, without questions and without a restart of its own. */
export class MsiInstaller implements Installer {
  readonly writesInPlace = false;

  constructor(
    readonly component: Component,
    private readonly bundle: BundleSource,
  ) {}

  async apply(request: InstallRequest): Promise<Installed> {
    const { component } = this;
    const { server } = request.target.session;
    const ended = await runServerJob(request, component, () => this.#prepare(request));
    const { ok, restart, name } = msiEnd(ended.exitCode);
    if (!ok) throw new MsiFailedError({ server, component: component.name }, name, ended);
    if (restart === undefined) return { stageDir: request.stageDir };
    return {
      stageDir: request.stageDir,
      note: `${server}: ${component.name} was installed (${name}): ${restart}`,
    };
  }

  async #prepare(request: InstallRequest): Promise<ServerProgram> {
    const { component, bundle } = this;
    const { target, context } = request;
    const { files = [], properties = {}, repair = false } = component;
    const words = Object.entries(properties).flatMap(([name, value]) => this.#property(request, name, value));
    const [file = ''] = await bringFiles(request, component, bundle, files, 'msi');
    const program = await programScript(request, component, 'msiexec');
    const log = `${target.path}/.podway/logs/${context.deploymentId}.${component.name}.msi.log`;
    // Repair as properties: `/f` of an .msi file is the same, but for Wine, which knows it not.
    const again = repair ? ['REINSTALL=ALL', 'REINSTALLMODE=omus'] : [];
    return {
      argv: ['sh', '-c', msiJob, 'podway-msi', program, log, file, ...again, ...words],
      mark: `ran-${component.name}`,
    };
  }

  /** A property is an argument of msiexec, so it is never a secret: a package reads these as [%PODWAY_VAR_…]. */
  #property({ target, variables }: InstallRequest, name: string, value: PropertyValue): string[] {
    const text = typeof value === 'string' ? value : variables.plain(value.variable);
    const where = { server: target.session.server, component: this.component.name };
    if (typeof value === 'object' && text === undefined && variables.value(value.variable) !== undefined) {
      throw new PropertyRefusedError(where, name, `${value.variable} is a secret`);
    }
    if (text === undefined) return [];
    // How programs find the ends of such a value differs.
    if (/["\r\n]/.test(text))
      throw new PropertyRefusedError(where, name, 'it has a quotation mark or a line break');
    return [`${name}=${text}`];
  }
}
