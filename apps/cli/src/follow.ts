import {
  DeploymentChanged,
  messageOf,
  StepProgressed,
  type DeploymentDetailView,
  type Envelope,
} from '@podway/contracts';
import { WaitEndedError, type DeploymentHandle } from '@podway/sdk';
import { exitCodeOf } from './exit-codes.js';
import { hintFor } from './hints.js';
import { outcomeLines } from './output/deployment-lines.js';
import type { Printer } from './output/printer.js';
import { StageProgress } from './output/stage-progress.js';

export interface FollowOptions {
  readonly printer: Printer;
  /** Stops following, never the deployment. */
  readonly interrupted: AbortSignal;
  /** The same after so long, for all deployments together. */
  readonly timeoutMs?: number;
  /** Goes into the result for programs besides. */
  readonly more?: object;
}

const changed = messageOf(DeploymentChanged).type;
const progressed = messageOf(StepProgressed).type;

/** Shows a deployment stage by stage to its end, then its result. Returns the exit code. */
export async function follow(handle: DeploymentHandle, options: FollowOptions): Promise<number> {
  const { printer } = options;
  const view = await followed(handle, printer, endOfWait(options));
  printer.result({ ...view, ...options.more }, () => outcomeLines(view, printer));
  const failure = view.rollbackFailure ?? view.failure;
  if (failure) printer.error(failure.code, failure.detail, [], hintFor(failure.code));
  return exitCodeOf(view.state);
}

/** As {@link follow}, for all deployments of one update. The exit code is that of the one that ended worst. */
export async function followAll(
  handles: readonly DeploymentHandle[],
  options: FollowOptions,
): Promise<number> {
  const [only, ...others] = handles;
  if (only && others.length === 0) return follow(only, options);
  const { printer } = options;
  const end = endOfWait(options);
  const views: DeploymentDetailView[] = [];
  for (const handle of handles) {
    printer.note(`deployment ${handle.deploymentId}`);
    views.push(await followed(handle, printer, end));
  }
  printer.result({ deployments: views, ...options.more }, () =>
    views.flatMap((view) => outcomeLines(view, printer)),
  );
  const failed = views.find((view) => exitCodeOf(view.state) !== 0);
  const failure = failed?.rollbackFailure ?? failed?.failure;
  if (failure) printer.error(failure.code, failure.detail, [], hintFor(failure.code));
  return Math.max(...views.map((view) => exitCodeOf(view.state)));
}

/** One for all deployments of an update: the time counts once. */
function endOfWait({ interrupted, timeoutMs }: FollowOptions): AbortSignal {
  return timeoutMs === undefined
    ? interrupted
    : AbortSignal.any([interrupted, AbortSignal.timeout(timeoutMs)]);
}

async function followed(
  handle: DeploymentHandle,
  printer: Printer,
  signal: AbortSignal,
): Promise<DeploymentDetailView> {
  const progress = new StageProgress(printer);
  try {
    const events = handle.events({
      types: [changed, progressed],
      signal,
      onReconnect: () =>
        progress.note('The connection to Podway broke; trying again. The deployment goes on.'),
    });
    for await (const event of events) {
      if (event.type === changed) progress.changed(event as Envelope<DeploymentChanged>);
      else progress.progressed(event as Envelope<StepProgressed>);
    }
  } finally {
    progress.end();
  }
  if (signal.aborted) throw new WaitEndedError(handle.deploymentId, undefined);
  return handle.get();
}
