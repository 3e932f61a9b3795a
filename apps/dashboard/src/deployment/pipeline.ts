import type { DeploymentDetailView, ShownState, StageView } from '@podway/contracts';
import { isFinished } from '@podway/contracts/plain';
import type { Shown } from '../shown/words.js';

/** A step of FIG. 2, and the states of the saga that make it. */
interface Step {
  readonly fig: string;
  readonly name: string;
  readonly states: readonly ShownState[];
}

const forward: readonly Step[] = [
  { fig: '206', name: 'Authenticate', states: ['Submitted', 'Authenticating'] },
  { fig: '208', name: 'Resolve', states: ['Resolving', 'Queued', 'SelectingCanary'] },
  { fig: '210', name: 'Snapshot', states: ['Snapshotting'] },
  { fig: '212', name: 'Install', states: ['Installing'] },
  { fig: '214', name: 'Verify', states: ['Verifying', 'AwaitingCanaries', 'AwaitingApproval'] },
  { fig: '216', name: 'Replicate', states: ['Replicating'] },
  { fig: '216', name: 'Prove', states: ['Confirming', 'AwaitingPods'] },
];
const back: readonly Step[] = [
  { fig: '218', name: 'Roll back', states: ['RollingBack'] },
  { fig: '218', name: 'Prove', states: ['ConfirmingRollback'] },
];

const waits: readonly ShownState[] = ['Queued', 'AwaitingApproval', 'AwaitingCanaries', 'AwaitingPods'];

/** The number in FIG. 2 of what is done in this state; undefined where nothing is done but waiting. */
export function figOf(state: ShownState): string | undefined {
  if (waits.includes(state)) return undefined;
  return [...forward, ...back].find(({ states }) => states.includes(state))?.fig;
}

export type StepStatus = 'todo' | 'running' | 'waiting' | 'done' | 'failed' | 'skipped' | 'forgotten';

export const stepShown: Readonly<Record<StepStatus, Shown>> = {
  todo: { word: 'To come', icon: 'circle', tone: 'quiet' },
  running: { word: 'Running', icon: 'busy', tone: 'busy' },
  waiting: { word: 'Waiting', icon: 'clock', tone: 'warn' },
  done: { word: 'Done', icon: 'check', tone: 'good' },
  failed: { word: 'Failed', icon: 'cross', tone: 'bad' },
  skipped: { word: 'Not reached', icon: 'dash', tone: 'quiet' },
  forgotten: { word: 'No longer known', icon: 'dash', tone: 'quiet' },
};

/** A step of FIG. 2 as it is in one deployment. */
export interface PipelineStep {
  readonly fig: string;
  readonly name: string;
  readonly status: StepStatus;
  /** Of all its times together; unset while it runs, and where it was not reached. */
  readonly durationMs?: number;
  /** Since when it runs. */
  readonly since?: string;
  readonly detail?: string;
}

export interface Pipeline {
  readonly forward: readonly PipelineStep[];
  /** Empty when nothing was rolled back. */
  readonly back: readonly PipelineStep[];
}

/** What comes after a step that did not succeed. */
const ends: readonly ShownState[] = ['RollingBack', 'Failed', 'Rejected', 'Aborted', 'RollbackFailed'];

/** The steps of FIG. 2 with what became of each. */
export function pipelineOf(deployment: Pick<DeploymentDetailView, 'state' | 'stages'>): Pipeline {
  const rolledBack = deployment.stages.some(({ state }) => state === 'RollingBack');
  return {
    forward: forward.map((step) => stepOf(step, deployment, rolledBack)),
    back: rolledBack ? back.map((step) => stepOf(step, deployment, false)) : [],
  };
}

/** Whether what was done in a step is no longer known: of a deployment that is over the first events may be gone. */
function isForgotten(
  step: readonly ShownState[],
  { state, stages }: Pick<DeploymentDetailView, 'state' | 'stages'>,
): boolean {
  if (!isFinished(state) || stages[0]?.state === 'Authenticating') return false;
  const known = forward.findIndex(({ states }) => stages.some((stage) => states.includes(stage.state)));
  return known < 0 || forward.findIndex(({ states }) => states === step) < known;
}

function stepOf(
  { fig, name, states }: Step,
  deployment: Pick<DeploymentDetailView, 'state' | 'stages'>,
  over: boolean,
): PipelineStep {
  const { state, stages } = deployment;
  const mine = stages.filter((stage) => states.includes(stage.state));
  const first = mine[0];
  if (states.includes(state)) {
    const since = mine.at(-1)?.startedAt;
    return { fig, name, status: waits.includes(state) ? 'waiting' : 'running', ...(since ? { since } : {}) };
  }
  if (!first && isForgotten(states, deployment)) return { fig, name, status: 'forgotten' };
  if (!first) return { fig, name, status: over || isFinished(state) ? 'skipped' : 'todo' };
  const next = followerOf(stages, mine.at(-1));
  const failed = next !== undefined && ends.includes(next.state);
  return {
    fig,
    name,
    status: failed ? 'failed' : 'done',
    durationMs: mine.reduce((sum, stage) => sum + (stage.durationMs ?? 0), 0),
    ...(failed && next.detail !== undefined ? { detail: next.detail } : {}),
  };
}

function followerOf(stages: readonly StageView[], stage: StageView | undefined): StageView | undefined {
  return stage && stages[stages.indexOf(stage) + 1];
}
