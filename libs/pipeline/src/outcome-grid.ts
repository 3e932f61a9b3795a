import { steps, type DeploymentState, type Step } from '@podway/contracts';

/**
 * What a state makes of an outcome of a step:
 * `own` the step that the state waits for: taken, if the attempt is the present one;
 * `late` a step that is over, or that cannot come any more: ignored;
 * `early` a step that is still to come: deferred, unless its attempt is one of an earlier round, then it is late too.
 */
export type Timing = 'own' | 'late' | 'early';

const O = 'own';
const l = 'late';
const e = 'early';

type Row = readonly Timing[] & { readonly length: 12 };
const over: Row = [l, l, l, l, l, l, l, l, l, l, l, l];

// prettier-ignore
const grid: Readonly<Record<DeploymentState, Row>> = {
  //                   Authenticating
  //                   |  Resolving
  //                   |  |  SelectingCanary
  //                   |  |  |  Snapshotting
  //                   |  |  |  |  Installing
  //                   |  |  |  |  |  Verifying
  //                   |  |  |  |  |  |  AwaitingCanaries
  //                   |  |  |  |  |  |  |  AwaitingApproval
  //                   |  |  |  |  |  |  |  |  Replicating
  //                   |  |  |  |  |  |  |  |  |  Confirming
  //                   |  |  |  |  |  |  |  |  |  |  RollingBack
  //                   |  |  |  |  |  |  |  |  |  |  |  ConfirmingRollback
  Authenticating:     [O, e, e, e, e, e, e, e, e, e, e, e],
  Resolving:          [l, O, e, e, e, e, e, e, e, e, e, e],
  Queued:             [l, l, e, e, e, e, e, e, e, e, e, e],
  SelectingCanary:    [l, l, O, e, e, e, e, e, e, e, e, e],
  Snapshotting:       [l, l, l, O, e, e, e, e, e, e, e, e],
  Installing:         [l, l, l, l, O, e, e, e, e, e, e, e],
  Verifying:          [l, l, l, l, l, O, e, e, e, e, e, e],
  AwaitingCanaries:   [l, l, l, l, l, l, O, e, e, e, e, e],
  AwaitingApproval:   [l, l, l, l, l, l, l, O, e, e, e, e],
  Replicating:        [l, l, l, l, l, l, l, l, O, e, e, e],
  Confirming:         [l, l, l, l, l, l, l, l, l, O, e, e],
  AwaitingPods:       [l, l, l, l, l, l, l, l, l, l, e, e],
  RollingBack:        [l, l, l, l, l, l, l, l, l, l, O, e],
  ConfirmingRollback: [l, l, l, l, l, l, l, l, l, l, l, O],
  Succeeded:          over,
  Rejected:           over,
  Superseded:         over,
  Aborted:            over,
  Failed:             over,
  RolledBack:         over,
  RollbackFailed:     over,
};

export type OutcomeGrid = Readonly<Record<DeploymentState, readonly Timing[]>>;

/** Rows are states, columns are the steps in the order of `steps`. */
export const outcomeGrid: OutcomeGrid = grid;

/** Inputs without a step, and the states in which they mean something. In all others they are ignored. */
export type SteplessMeaning = Readonly<
  Record<
    | 'PodLeased'
    | 'Superseded'
    | 'CanariesPassed'
    | 'ApprovalGranted'
    | 'ApprovalRefused'
    | 'GroupConfirmed'
    | 'RetryRequested'
    | 'UpdateSubmitted',
    readonly DeploymentState[]
  >
>;

export const meaning: SteplessMeaning = {
  PodLeased: ['Queued'],
  Superseded: ['Queued'],
  CanariesPassed: ['AwaitingCanaries'],
  ApprovalGranted: ['AwaitingApproval'],
  ApprovalRefused: ['AwaitingApproval'],
  GroupConfirmed: ['AwaitingPods'],
  RetryRequested: ['RollbackFailed'],
  UpdateSubmitted: [],
};

export function timingOf(state: DeploymentState, step: Step, table: OutcomeGrid = outcomeGrid): Timing {
  return table[state][steps.indexOf(step)] ?? 'late';
}
