import { componentStream } from '@podway/artifacts';
import type { Component } from '@podway/contracts';
import { InstallIntoSharedError } from './installer.errors.js';
import { StageFiles } from './stage-files.js';
import { runInStage } from './stage-shell.js';
import { listStage, mergeTarget, replaceTarget, unpackBeside } from './stage-scripts.js';
import { tellProgress } from './transfer-progress.js';
import type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';

/**
 * Lays the files of a component into the tree. Files that the stage has already are not sent again and stay shared
 * with the live tree, so that the cost follows what changed. Shared paths of the POD are left alone.
 */
export class ArchiveInstaller implements Installer {
  readonly writesInPlace = false;

  constructor(
    readonly component: Component,
    private readonly bundle: BundleSource,
  ) {}

  async apply(request: InstallRequest): Promise<Installed> {
    const { component, bundle } = this;
    const { stageDir, target, context } = request;
    const { server } = target.session;
    const isShared = sharedPaths(target.state.shared ?? []);
    const to = component.to ?? '';
    if (isShared(to)) throw new InstallIntoSharedError({ server, component: component.name }, to);
    const [word, ...listing] = (await runInStage(request, component, listStage)).split('\n');
    if (word === 'applied') return { stageDir };
    const files = new StageFiles(listing);
    const skip = (path: string): boolean => isShared(to === '' ? path : `${to}/${path}`);
    const source = await componentStream(bundle.store, bundle.digest, component, { skip, known: files });
    const stream = tellProgress(source, `unpacking ${component.name}`, context, server);
    if (component.mode === 'merge') {
      await runInStage(request, component, mergeTarget, stream);
    } else {
      await runInStage(request, component, unpackBeside, stream);
      await runInStage(request, component, replaceTarget, files.unchangedList());
    }
    return { stageDir };
  }
}

/** Whether a path of the tree is or lies in one of the shared paths. */
function sharedPaths(shared: readonly string[]): (path: string) => boolean {
  const paths = shared.map((path) => path.replace(/\/$/, ''));
  return (path) => paths.some((one) => path === one || path.startsWith(`${one}/`));
}
