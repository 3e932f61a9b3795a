import {
  messageOf,
  type AbortRequested,
  type ApprovalGranted,
  type ApprovalRefused,
  type CanaryHeld,
  type CanaryLost,
  type CanarySelected,
  type CanaryUnavailable,
  type InstallFailed,
  type MessageClass,
  type PodConfirmed,
  type PodDiverged,
  type PodResolved,
  type PodUnresolved,
  type ReleaseReplicated,
  type ReplicationFailed,
  type RestoreFailed,
  type SnapshotFailed,
  type SnapshotRestored,
  type SnapshotTaken,
  type StepProgressed,
  type UpdateAuthenticated,
  type UpdateInstalled,
  type UpdateRejected,
  type UpdateSubmitted,
  type VerificationFailed,
  type VerificationInconclusive,
  type VerificationPassed,
} from '@podway/contracts';

/** How a step ended well, by message name. */
export interface Successes {
  UpdateAuthenticated: UpdateAuthenticated;
  PodResolved: PodResolved;
  CanarySelected: CanarySelected;
  SnapshotTaken: SnapshotTaken;
  UpdateInstalled: UpdateInstalled;
  VerificationPassed: VerificationPassed;
  CanaryHeld: CanaryHeld;
  ReleaseReplicated: ReleaseReplicated;
  PodConfirmed: PodConfirmed;
  SnapshotRestored: SnapshotRestored;
}

/** How a step ended badly, by message name. */
export interface Failures {
  UpdateRejected: UpdateRejected;
  PodUnresolved: PodUnresolved;
  CanaryUnavailable: CanaryUnavailable;
  SnapshotFailed: SnapshotFailed;
  InstallFailed: InstallFailed;
  VerificationFailed: VerificationFailed;
  VerificationInconclusive: VerificationInconclusive;
  CanaryLost: CanaryLost;
  ReplicationFailed: ReplicationFailed;
  PodDiverged: PodDiverged;
  RestoreFailed: RestoreFailed;
}

export type Outcomes = Successes & Failures;
export type OutcomeName = keyof Outcomes;

/** What the coordinator itself tells a deployment. */
export type InternalInput =
  /** The POD's lease is this deployment's: it was free, and this one was first in the queue. */
  | { readonly kind: 'PodLeased' }
  /** The deadline may have passed; `decide` looks again. */
  | { readonly kind: 'Timeout' }
  /** A newer update of the same POD takes the place of this waiting one. */
  | { readonly kind: 'Superseded'; readonly by: string }
  /** The canaries of all PODs of the update have passed. */
  | { readonly kind: 'CanariesPassed' }
  /** All PODs of the update are confirmed: each may keep the release. */
  | { readonly kind: 'GroupConfirmed' }
  /** A POD of the same update did not hold, and this one is not to go on without it. Taken as an abort. */
  | { readonly kind: 'GroupFailed'; readonly by: string; readonly reason: string }
  /** An operator asks to take up a failed roll-back again. `by` is the id of the credential. */
  | { readonly kind: 'RetryRequested'; readonly by: string; readonly acceptLoss?: boolean };

export type InternalName = InternalInput['kind'];

/** All that a deployment can be told. */
export type SagaInput =
  | Outcomes[OutcomeName]
  | StepProgressed
  | AbortRequested
  | ApprovalGranted
  | ApprovalRefused
  | UpdateSubmitted
  | InternalInput;
export type InputName =
  | OutcomeName
  | 'StepProgressed'
  | 'AbortRequested'
  | 'ApprovalGranted'
  | 'ApprovalRefused'
  | 'UpdateSubmitted'
  | InternalName;

/** The internal inputs, for checks and documents. */
export const internalNames = [
  'PodLeased',
  'Timeout',
  'Superseded',
  'CanariesPassed',
  'GroupConfirmed',
  'GroupFailed',
  'RetryRequested',
] as const satisfies InternalName[];

/** Whether the input comes from inside the coordinator. */
export function isInternal(input: SagaInput): input is InternalInput {
  return 'kind' in input;
}

/** Name of the message or of the internal input. Throws for an object that is no declared message. */
export function nameOf(input: SagaInput): InputName {
  return isInternal(input) ? input.kind : (messageOf(input.constructor as MessageClass).name as InputName);
}
