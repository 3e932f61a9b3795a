import { basename, dirname } from 'node:path/posix';
import { bundleStream } from '@podway/artifacts';
import type { Component } from '@podway/contracts';
import { OutcomeUnknownError, ScriptFailedError } from './installer.errors.js';
import { followToEnd } from './script-job.js';
import { runInStage } from './stage-shell.js';
import { findMarkedTrees, markAndRun, unpackBundle } from './stage-scripts.js';
import { tellProgress } from './transfer-progress.js';
import type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';

const DEFAULT_TIMEOUT_MS = 600_000;

/**
 * Runs a program of the bundle, or one of the server, in the tree. It runs as a job of the server: it goes on when we
 * do not, and it begins at most once a deployment. It sees PODWAY_RELEASE_DIR (also its working folder),
 * PODWAY_BUNDLE_DIR, PODWAY_DEPLOYMENT_ID, PODWAY_POD and PODWAY_SERVER.
 */
export class ScriptInstaller implements Installer {
  readonly writesInPlace = true;

  constructor(
    readonly component: Component,
    private readonly bundle: BundleSource,
  ) {}

  async apply(request: InstallRequest): Promise<Installed> {
    const { driver, target, context } = request;
    const { server } = target.session;
    const jobId = `${context.deploymentId}.${this.component.name}`;
    const job = { driver, target, context, jobId };
    const ended =
      (await followToEnd(job)) ?? (await this.#start(request, jobId).then(() => followToEnd(job)));
    const where = { server, component: this.component.name };
    if (ended?.exitCode === undefined) {
      throw new OutcomeUnknownError(where, 'the server was restarted, or the job was taken away');
    }
    if (ended.exitCode !== 0) throw new ScriptFailedError(where, ended.exitCode, ended.lastLines);
    return { stageDir: await this.#treeOfJob(request) };
  }

  async #start(request: InstallRequest, jobId: string): Promise<void> {
    const { bundle, component } = this;
    const { driver, target, context, stageDir, pod } = request;
    const { server } = target.session;
    const source = await bundleStream(bundle.store, bundle.digest);
    await runInStage(
      request,
      component,
      unpackBundle,
      tellProgress(source, 'unpacking the bundle', context, server),
    );
    const around = dirname(stageDir);
    await driver.startJob(target, context, {
      jobId,
      argv: [
        'sh',
        '-c',
        markAndRun,
        'podway-install',
        `${around}/${this.#mark}`,
        ...this.#program(`${around}/bundle`),
      ],
      cwd: stageDir,
      env: {
        PODWAY_RELEASE_DIR: stageDir,
        PODWAY_BUNDLE_DIR: `${around}/bundle`,
        PODWAY_DEPLOYMENT_ID: context.deploymentId,
        PODWAY_POD: pod,
        PODWAY_SERVER: server,
      },
      timeoutMs: component.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
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
