import { dirname } from 'node:path/posix';
import { bundleStream } from '@podway/artifacts';
import type { Component } from '@podway/contracts';
import type { BundleSource, InstallRequest } from './installer.js';
import { runInStage } from './stage-shell.js';
import { keepFile, unpackFiles } from './stage-scripts.js';
import { tellProgress } from './transfer-progress.js';

/**
 * Brings single files of the bundle, or the one that the component fetches, to the server, beside the tree. Returns their
 * paths there. `ending` is given to a fetched file, whose name is not known.
 */
export async function bringFiles(
  request: InstallRequest,
  component: Component,
  bundle: BundleSource,
  files: readonly string[],
  ending: string,
): Promise<string[]> {
  const { context, target, stageDir } = request;
  const folder = `${dirname(stageDir)}/files-${component.name}`;
  const told = `sending the files of ${component.name}`;
  if (component.url !== undefined) {
    const source = await bundle.store.open(bundle.digest);
    const name = `fetched.${ending}`;
    const stream = tellProgress(source, told, context, target.session.server);
    await runInStage(request, component, keepFile, stream, name);
    return [`${folder}/${name}`];
  }
  if (files.length === 0) return [];
  const wanted = new Set(files);
  const source = await bundleStream(bundle.store, bundle.digest, { skip: (path) => !wanted.has(path) });
  await runInStage(
    request,
    component,
    unpackFiles,
    tellProgress(source, told, context, target.session.server),
  );
  return files.map((path) => `${folder}/${path}`);
}
