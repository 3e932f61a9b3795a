import { dirname } from 'node:path/posix';
import type { Component } from '@podway/contracts';
import { OutcomeUnknownError } from './installer.errors.js';
import { followToEnd, type EndedJob } from './job-following.js';
import type { InstallRequest } from './installer.js';
import { runInStage } from './stage-shell.js';
import { runWithVariables, writeVariables } from './stage-scripts.js';

export const DEFAULT_TIMEOUT_MS = 600_000;

/** What is run as a job of the server. */
export interface ServerProgram {
  readonly argv: readonly string[];
  /** Never secrets: what is here is an argument of a program for a moment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Name of a file that it leaves in the folder around the stage when it begins. */
  readonly mark: string;
}

/** How a job ended. */
export type JobEnd = EndedJob & { readonly exitCode: number };

/**
 * Runs a program as a job of the server: it goes on when we do not, and it begins at most once for a component of a
 * deployment. A second call finds it, running or ended, and answers for it. The bundle's variables are in its
 * environment; they come there by a file that only we can read and that is gone before the program begins.
 * `prepare` is called before it is started, and not when it is found. Rejects INSTALL.OUTCOME_UNKNOWN.
 */
export async function runServerJob(
  request: InstallRequest,
  component: Component,
  prepare: () => Promise<ServerProgram>,
): Promise<JobEnd> {
  const { driver, target, context, variables } = request;
  const jobId = `${context.deploymentId}.${component.name}`;
  const { redactor } = variables;
  const job = { driver, target, context, jobId, redactor, component: component.name };
  const ended =
    (await followToEnd(job)) ??
    (await start(request, component, jobId, prepare).then(() => followToEnd(job)));
  if (ended?.exitCode !== undefined) return { ...ended, exitCode: ended.exitCode };
  const where = { server: target.session.server, component: component.name };
  throw new OutcomeUnknownError(where, 'the server was restarted, or the job was taken away');
}

async function start(
  request: InstallRequest,
  component: Component,
  jobId: string,
  prepare: () => Promise<ServerProgram>,
): Promise<void> {
  const { driver, target, context, stageDir, variables, pod } = request;
  const { argv, env = {}, mark } = await prepare();
  const lines = Object.entries(variables.environment()).map(
    ([name, value]) => `${name} ${Buffer.from(value).toString('base64')}\n`,
  );
  await runInStage(request, component, writeVariables, lines.join(''));
  const around = dirname(stageDir);
  const own = [
    'sh',
    '-c',
    runWithVariables,
    'podway-install',
    `${around}/${mark}`,
    `${around}/variables-${component.name}`,
  ];
  await driver.startJob(target, context, {
    jobId,
    argv: [...own, ...argv],
    cwd: stageDir,
    env: {
      ...env,
      PODWAY_DEPLOYMENT_ID: context.deploymentId,
      PODWAY_POD: pod,
      PODWAY_SERVER: target.session.server,
    },
    timeoutMs: component.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
}
