import {
  messageOf,
  type AbortRequested,
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
  /** An operator asks to take up a failed roll-back again. `by` is the id of the credential. */
  | { readonly kind: 'RetryRequested'; readonly by: string };

export type InternalName = InternalInput['kind'];

/** All that a deployment can be told. */
export type SagaInput =
  Outcomes[OutcomeName] | StepProgressed | AbortRequested | UpdateSubmitted | InternalInput;
export type InputName = OutcomeName | 'StepProgressed' | 'AbortRequested' | 'UpdateSubmitted' | InternalName;

/** The internal inputs, for checks and documents. */
export const internalNames = [
  'PodLeased',
  'Timeout',
  'Superseded',
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
