import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Type } from 'class-transformer';
import { deploymentStates, shownStates, type ShownState } from '../deployment-states.js';
import { Nested } from '../forms.js';
import {
  ProbeEvidence,
  ServerOutcome,
  SnapshotRef,
  steps,
  UpdateSource,
  type Step,
} from '../messages/step.js';
import { ERROR_CODE, NAME, SHA256, ULID } from '../patterns.js';
import { updateModes, type UpdateMode } from '../update-modes.js';

/** Query of `GET /v1/deployments`. */
export class DeploymentsQuery {
  @IsOptional()
  @Matches(NAME)
  pod?: string;

  /** Only those in this state. */
  @IsOptional()
  @IsIn(deploymentStates)
  state?: (typeof deploymentStates)[number];

  /** Most entries. Default 50. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** Only those older than this deployment: the next page. */
  @IsOptional()
  @Matches(ULID)
  before?: string;
}

/** Body of `POST /v1/deployments/:id/abort`; may be left out. */
export class AbortRequestBody {
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** Body of `POST /v1/deployments/:id/retry`; may be left out. */
export class RetryRequestBody {
  /** Go on although what users have written to databases since the update is lost by it: after STATE.LOSS_WINDOW. */
  @IsOptional()
  @IsBoolean()
  acceptLoss?: boolean;
}

/** Body of `POST /v1/deployments/:id/approve` and `…/refuse`; may be left out. */
export class ApprovalRequestBody {
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export const waitingKinds = ['queue', 'paused', 'order', 'window'] as const;

/** Why a deployment in the queue has not begun. */
export class WaitingView {
  /** queue: others come first. paused: the POD is. order: another POD of the update comes first. window: not at this time. */
  @IsIn(waitingKinds)
  kind: (typeof waitingKinds)[number];

  /** For people. */
  @IsString()
  detail: string;

  /** When it may begin, where that is known. */
  @IsOptional()
  @IsISO8601({ strict: true })
  until?: string;
}

/** A deployment's place in an update of several PODs. */
export class DeploymentGroupView {
  @IsIn(updateModes)
  mode: UpdateMode;

  @IsInt()
  @Min(0)
  position: number;

  @IsInt()
  @Min(2)
  size: number;
}

/** Why a deployment did not go forward, or not back. */
export class FailureView {
  @Matches(ERROR_CODE)
  code: string;

  @IsString()
  detail: string;

  @IsIn(steps)
  step: Step;

  @IsOptional()
  @Matches(NAME)
  server?: string;
}

/** One state that a deployment went through. */
export class StageView {
  @IsIn(shownStates)
  state: ShownState;

  @IsISO8601({ strict: true })
  startedAt: string;

  /** Unset for the present state, and for the last. */
  @IsOptional()
  @IsISO8601({ strict: true })
  endedAt?: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  durationMs?: number;

  /** Name of the message that led here: `SnapshotTaken`, `Timeout`. */
  @IsString()
  cause: string;

  /** For people, when something went wrong. */
  @IsOptional()
  @IsString()
  detail?: string;
}

/** One server in a deployment. */
export class DeploymentServerView extends ServerOutcome {
  @IsBoolean()
  canary: boolean;
}

/** One line of the list of deployments. */
export class DeploymentView {
  @Matches(ULID)
  id: string;

  @Matches(ULID)
  updateId: string;

  @Matches(NAME)
  client: string;

  @Matches(NAME)
  pod: string;

  @IsIn(shownStates)
  state: ShownState;

  @Nested(() => UpdateSource)
  source: UpdateSource;

  @IsOptional()
  @IsString()
  label?: string;

  /** Id of the publisher's key. */
  @IsString()
  publisher: string;

  /** Number of the release made. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  @IsOptional()
  @Nested(() => FailureView, { optional: true })
  failure?: FailureView;

  @IsISO8601({ strict: true })
  submittedAt: string;

  @IsISO8601({ strict: true })
  updatedAt: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  finishedAt?: string;
}

/** What is known about one deployment. */
export class DeploymentDetailView extends DeploymentView {
  /** Set while it waits in the queue. */
  @IsOptional()
  @Nested(() => WaitingView, { optional: true })
  waiting?: WaitingView;

  /** Set when its update names several PODs. */
  @IsOptional()
  @Nested(() => DeploymentGroupView, { optional: true })
  group?: DeploymentGroupView;

  /** Until when an approval is waited for. Set while it is. */
  @IsOptional()
  @IsISO8601({ strict: true })
  approvalUntil?: string;

  /** Id of the credential of who approved. */
  @IsOptional()
  @IsString()
  approvedBy?: string;

  /** The states that it went through, in order. */
  @IsArray()
  @Nested(() => StageView)
  stages: StageView[];

  @IsOptional()
  @Matches(NAME)
  canary?: string;

  /** The last word about each server. */
  @IsArray()
  @Nested(() => DeploymentServerView)
  servers: DeploymentServerView[];

  /** Servers left out of rotation until they caught up. */
  @IsArray()
  @Matches(NAME, { each: true })
  quarantined: string[];

  @IsOptional()
  @Nested(() => SnapshotRef, { optional: true })
  snapshot?: SnapshotRef;

  /** The new state's fingerprint, once installed. */
  @IsOptional()
  @Matches(SHA256)
  fingerprint?: string;

  /** Why it could not be rolled back either. */
  @IsOptional()
  @Nested(() => FailureView, { optional: true })
  rollbackFailure?: FailureView;

  /** What the probes saw, in the order of the verifications. */
  @IsArray()
  @Nested(() => ProbeEvidence)
  evidence: ProbeEvidence[];
}

/** A page of deployments, newest first. */
export class DeploymentList {
  @IsArray()
  @Nested(() => DeploymentView)
  deployments: DeploymentView[];
}
