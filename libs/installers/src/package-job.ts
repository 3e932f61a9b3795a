import type { Component } from '@podway/contracts';
import { PackagesFailedError, type Where } from './installer.errors.js';
import type { Installed, InstallRequest } from './installer.js';
import { runServerJob, type JobEnd, type ServerProgram } from './server-job.js';

const LINE = /^podway-package (\S+) (.*)$/;

/** Runs the job of a package manager, which ends with `wrongVersion` where that reports a success that is none. */
export async function runPackageJob(
  request: InstallRequest,
  component: Component,
  wrongVersion: number,
  prepare: () => Promise<ServerProgram>,
): Promise<Installed> {
  const ended = await runServerJob(request, component, prepare);
  if (ended.exitCode === 0) return { stageDir: request.stageDir };
  const where = { server: request.target.session.server, component: component.name };
  throw packageFailure(where, ended, wrongVersion);
}

/** The error for a job that names packages at fault in lines like `podway-package NAME what it is instead`. */
function packageFailure(
  where: Where,
  { exitCode, lastLines }: JobEnd,
  wrongVersion: number,
): PackagesFailedError {
  const lines = lastLines.split('\n');
  const packages = lines.flatMap((line) => {
    const found = LINE.exec(line);
    return found ? [`${found[1] ?? ''} is ${found[2] ?? ''}`] : [];
  });
  const said = lines.filter((line) => !LINE.test(line)).join('\n');
  return new PackagesFailedError(
    where,
    packages,
    exitCode,
    exitCode === wrongVersion ? `it reported success\n${said}` : said,
  );
}
