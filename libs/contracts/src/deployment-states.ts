export const deploymentStates = [
  'Authenticating',
  'Resolving',
  'Queued',
  'SelectingCanary',
  'Snapshotting',
  'Installing',
  'Verifying',
  'AwaitingCanaries',
  'AwaitingApproval',
  'Replicating',
  'Confirming',
  'AwaitingPods',
  'RollingBack',
  'ConfirmingRollback',
  'Succeeded',
  'Rejected',
  'Superseded',
  'Aborted',
  'Failed',
  'RolledBack',
  'RollbackFailed',
] as const;
export type DeploymentState = (typeof deploymentStates)[number];

/** States of the saga, and before them `Submitted`: accepted at the edge, not yet taken up by the coordinator. */
export const shownStates = ['Submitted', ...deploymentStates] as const;
export type ShownState = (typeof shownStates)[number];

/** States in which a deployment is over. */
export const finishedStates = [
  'Succeeded',
  'Rejected',
  'Superseded',
  'Aborted',
  'Failed',
  'RolledBack',
  'RollbackFailed',
] as const satisfies readonly ShownState[];

/** Whether nothing more happens by itself. */
export function isFinished(state: string): boolean {
  return (finishedStates as readonly string[]).includes(state);
}

/** States in which an abort changes nothing any more: on the way back, or with the end for the other PODs to say. */
const abortIgnored: readonly string[] = ['AwaitingPods', 'RollingBack', 'ConfirmingRollback'];

/** Whether a deployment in this state can be aborted. */
export function canAbort(state: string): boolean {
  return !isFinished(state) && !abortIgnored.includes(state);
}

/** CloudEvents type of the event that a deployment went from one state to the next. */
export const DEPLOYMENT_CHANGED = 'io.podway.deployment.changed.v1';
