import { basename, dirname } from 'node:path/posix';
import { bundleStream } from '@podway/artifacts';
import type { Component } from '@podway/contracts';
import { OutcomeUnknownError, ScriptFailedError } from './installer.errors.js';
import { runServerJob, type ServerProgram } from './server-job.js';
import { runInStage } from './stage-shell.js';
import { findMarkedTrees, unpackBundle } from './stage-scripts.js';
import { tellProgress } from './transfer-progress.js';
import type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';

/**
 * Runs a program of the bundle, or one of the server, in the tree. It runs as a job of the server: it goes on when we
 * do not, and it begins at most once a deployment. It sees PODWAY_RELEASE_DIR (also its working folder),
 * PODWAY_BUNDLE_DIR, PODWAY_DEPLOYMENT_ID, PODWAY_POD and PODWAY_SERVER, and PODWAY_VAR_<NAME> for the bundle's variables.
 */
export class ScriptInstaller implements Installer {
  readonly writesInPlace = true;

  constructor(
    readonly component: Component,
    private readonly bundle: BundleSource,
  ) {}

  async apply(request: InstallRequest): Promise<Installed> {
    const ended = await runServerJob(request, this.component, () => this.#prepare(request));
    const where = { server: request.target.session.server, component: this.component.name };
    if (ended.exitCode !== 0) throw new ScriptFailedError(where, ended.exitCode, ended.lastLines);
    return { stageDir: await this.#treeOfJob(request) };
  }

  async #prepare(request: InstallRequest): Promise<ServerProgram> {
    const { bundle, component } = this;
    const { target, context, stageDir } = request;
    const source = await bundleStream(bundle.store, bundle.digest);
    const stream = tellProgress(source, 'unpacking the bundle', context, target.session.server);
    await runInStage(request, component, unpackBundle, stream);
    const bundleDir = `${dirname(stageDir)}/bundle`;
    return {
      argv: this.#program(bundleDir),
      env: { PODWAY_RELEASE_DIR: stageDir, PODWAY_BUNDLE_DIR: bundleDir },
      mark: this.#mark,
    };
  }

  /** A program with a `/` is one of the bundle, others are found on the PATH. */
  #program(bundleDir: string): string[] {
    const [program = '', ...args] = this.component.run ?? [];
    return [program.includes('/') ? `${bundleDir}/${program.replace(/^\.\//, '')}` : program, ...args];
  }

  /** The tree that the job ran in: perhaps not ours, but that of an earlier attempt. */
  async #treeOfJob({ target, context, stageDir }: InstallRequest): Promise<string> {
    const stages = dirname(dirname(stageDir));
    const argv = ['sh', '-c', findMarkedTrees, 'podway-install', stages, context.deploymentId, this.#mark];
    const { stdout } = await target.session.exec(argv, { signal: context.signal });
    const found = stdout.split('\n').filter((line) => line !== '');
    const [tree] = found;
    if (tree !== undefined && found.length === 1)
      return `${stages}/${basename(dirname(tree))}/${basename(stageDir)}`;
    const where = { server: target.session.server, component: this.component.name };
    throw new OutcomeUnknownError(where, 'it ended well, but the folder that it ran in is gone');
  }

  get #mark(): string {
    return `ran-${this.component.name}`;
  }
}
