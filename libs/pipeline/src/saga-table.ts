import {
  AuthenticateUpdate,
  ConfirmPod,
  HoldCanary,
  InstallOnOthers,
  InstallUpdate,
  ReplicateRelease,
  ResolvePod,
  RestoreSnapshot,
  SelectCanary,
  TakeSnapshot,
  VerifyServer,
  type DeploymentState,
  type MessageClass,
  type Step,
  type StepCommand,
} from '@podway/contracts';
import type { Circumstance } from './circumstances.js';
import type { InputName } from './inputs.js';

/** Message -> next state. */
export type Transitions = Readonly<Partial<Record<InputName, DeploymentState>>>;

/**
 * What AbortRequested does in a state: a state to go to at once; `later`: remembered until the step has ended;
 * `ignored`: the deployment ends as it would have.
 */
export type AbortRule = DeploymentState | 'later' | 'ignored';

/** One state of a deployment and all that leads out of it. */
export interface SagaRow {
  /** Sent on entry and again on each retry. Unset: the state waits, or is terminal. */
  readonly command?: MessageClass<StepCommand>;
  /** Stands in for `command` in these circumstances. Its outcomes are the same. */
  readonly commandInstead?: Readonly<Partial<Record<Circumstance, MessageClass<StepCommand>>>>;
  /** Milliseconds without any word from the worker before an attempt is given up. 0: no deadline. */
  readonly timeoutMs: number;
  /** Attempts before a silent step takes the fail column. */
  readonly maxAttempts: number;
  readonly advance: Transitions;
  /** All name the same state; a step whose last attempt timed out goes there too. */
  readonly fail: Transitions;
  readonly abort: AbortRule;
  /** Stands in for `advance` and `fail` in these circumstances. */
  readonly instead?: Readonly<Partial<Record<Circumstance, Transitions>>>;
  /** Outcomes after which the deployment stays where it is and waits on: they say when the command is due again. */
  readonly keeps?: readonly InputName[];
  /** The deployment owns its POD in this state. */
  readonly lease: boolean;
  readonly terminal: boolean;
}

export type SagaTable = Readonly<Record<DeploymentState, SagaRow>>;

const s = 1_000;
const min = 60 * s;
const held = { lease: true, terminal: false };
const free = { lease: false, terminal: false };
const end = {
  timeoutMs: 0,
  maxAttempts: 0,
  advance: {},
  fail: {},
  abort: 'ignored',
  lease: false,
  terminal: true,
} as const;

/** The saga (FIG. 2): one row a state. `outcome-grid.ts` says what becomes of outcomes that are not a state's own. */
// prettier-ignore
export const sagaTable: SagaTable = {
  Authenticating:     { command: AuthenticateUpdate, timeoutMs: 30 * s,   maxAttempts: 3, advance: { UpdateAuthenticated: 'Resolving' },       fail: { UpdateRejected: 'Rejected' },                                                      abort: 'Aborted',     ...free },
  Resolving:          { command: ResolvePod,         timeoutMs: 30 * s,   maxAttempts: 3, advance: { PodResolved: 'Queued' },                  fail: { PodUnresolved: 'Rejected' },                                                       abort: 'Aborted',     ...free },
  Queued:             {                              timeoutMs: 0,        maxAttempts: 0, advance: { PodLeased: 'SelectingCanary' },           fail: { Superseded: 'Superseded' },                                                        abort: 'Aborted',     ...free },
  SelectingCanary:    { command: SelectCanary,       timeoutMs: 60 * s,   maxAttempts: 3, advance: { CanarySelected: 'Snapshotting' },         fail: { CanaryUnavailable: 'Failed' },                                                     abort: 'Aborted',     ...held },
  Snapshotting:       { command: TakeSnapshot,       timeoutMs: 5 * min,  maxAttempts: 3, advance: { SnapshotTaken: 'Installing' },            fail: { SnapshotFailed: 'Failed' },                                                        abort: 'later',       ...held,
                        instead: { aborted: { SnapshotTaken: 'RollingBack', SnapshotFailed: 'Aborted' } } },
  Installing:         { command: InstallUpdate,      timeoutMs: 10 * min, maxAttempts: 3, advance: { UpdateInstalled: 'Verifying' },           fail: { InstallFailed: 'RollingBack' },                                                    abort: 'RollingBack', ...held },
  Verifying:          { command: VerifyServer,       timeoutMs: 5 * min,  maxAttempts: 3, advance: { VerificationPassed: 'Replicating' },      fail: { VerificationFailed: 'RollingBack', VerificationInconclusive: 'RollingBack' },      abort: 'RollingBack', ...held,
                        instead: { allOrNothing: { VerificationPassed: 'AwaitingCanaries' }, approval: { VerificationPassed: 'AwaitingApproval' } } },
  // The canary waits, verified and out of rotation; its watchdog is held off again and again.
  AwaitingCanaries:   { command: HoldCanary,         timeoutMs: 60 * s,   maxAttempts: 5, advance: { CanariesPassed: 'Replicating' },          fail: { CanaryLost: 'RollingBack' },                                                       abort: 'RollingBack', ...held,
                        keeps: ['CanaryHeld'], instead: { approval: { CanariesPassed: 'AwaitingApproval' } } },
  AwaitingApproval:   { command: HoldCanary,         timeoutMs: 60 * s,   maxAttempts: 5, advance: { ApprovalGranted: 'Replicating' },         fail: { CanaryLost: 'RollingBack', ApprovalRefused: 'RollingBack' },                       abort: 'RollingBack', ...held,
                        keeps: ['CanaryHeld'] },
  Replicating:        { command: ReplicateRelease,   timeoutMs: 10 * min, maxAttempts: 3, advance: { ReleaseReplicated: 'Confirming' },        fail: { ReplicationFailed: 'RollingBack' },                                                abort: 'RollingBack', ...held,
                        commandInstead: { installing: InstallOnOthers } },
  Confirming:         { command: ConfirmPod,         timeoutMs: 5 * min,  maxAttempts: 3, advance: { PodConfirmed: 'Succeeded' },              fail: { PodDiverged: 'RollingBack' },                                                      abort: 'RollingBack', ...held,
                        instead: { allOrNothing: { PodConfirmed: 'AwaitingPods' } } },
  // All servers are on the release; it counts once those of the update's other PODs are. What ends it is theirs to say.
  AwaitingPods:       {                              timeoutMs: 0,        maxAttempts: 0, advance: { GroupConfirmed: 'Succeeded' },            fail: { GroupFailed: 'RollingBack' },                                                      abort: 'ignored',     ...held },
  RollingBack:        { command: RestoreSnapshot,    timeoutMs: 10 * min, maxAttempts: 5, advance: { SnapshotRestored: 'ConfirmingRollback' }, fail: { RestoreFailed: 'RollbackFailed' },                                                 abort: 'ignored',     ...held },
  ConfirmingRollback: { command: ConfirmPod,         timeoutMs: 5 * min,  maxAttempts: 3, advance: { PodConfirmed: 'RolledBack' },             fail: { PodDiverged: 'RollbackFailed' },                                                   abort: 'ignored',     ...held,
                        instead: { aborted: { PodConfirmed: 'Aborted' } } },
  Succeeded:          end,
  Rejected:           end,
  Superseded:         end,
  Aborted:            end,
  Failed:             end,
  RolledBack:         end,
  // Terminal until an operator asks for one more try; the POD stays owned, so that nothing builds on an unknown state.
  RollbackFailed:     { ...end, advance: { RetryRequested: 'RollingBack' }, lease: true },
};

/** Whether the deployment is over. RollbackFailed is, although an operator may take it up again. */
export function isTerminal(state: DeploymentState): boolean {
  return sagaTable[state].terminal;
}

/** How long a step may be silent and how often it is tried. */
export interface StepLimit {
  readonly timeoutMs: number;
  readonly maxAttempts: number;
}

/** Settings of the coordinator: what differs from the table's own limits. */
export type SagaLimits = Readonly<Partial<Record<Step, Partial<StepLimit>>>>;

/** The limits of a step, settings first. */
export function limitOf(step: Step, limits: SagaLimits = {}): StepLimit {
  const { timeoutMs, maxAttempts } = sagaTable[step];
  return { timeoutMs, maxAttempts, ...limits[step] };
}
