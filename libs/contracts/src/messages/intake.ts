import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { IsTimestamp, Nested } from '../forms.js';
import { ULID } from '../patterns.js';
import { updateModes, type UpdateMode } from '../update-modes.js';
import { SignedStatement } from '../documents/update-statement.js';
import { Event } from '../registry.js';
import { Publisher, UpdateSource, UpdateTarget } from './step.js';

/** An update that names several PODs: where this deployment stands among them. The update's id names the group. */
export class UpdateGroup {
  @IsIn(updateModes)
  mode: UpdateMode;

  /** Deployments of the update. */
  @IsInt()
  @Min(2)
  @Max(1000)
  size: number;

  /** From 0, in the order that the update gives. */
  @IsInt()
  @Min(0)
  position: number;
}

/** An update was accepted at the edge (FIG. 2, 200-202) and its artifact is stored. Starts a deployment. */
@Event('io.podway.update.submitted.v1')
export class UpdateSubmitted {
  @Matches(ULID)
  updateId: string;

  @Matches(ULID)
  deploymentId: string;

  @Nested(() => Publisher)
  publisher: Publisher;

  @Nested(() => UpdateSource)
  source: UpdateSource;

  @Nested(() => UpdateTarget)
  target: UpdateTarget;

  /** What the update is, in the publisher's words: `shop 1.4.0`. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;

  /** Why, in the words of who published. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;

  /** Set when the update names several PODs. */
  @IsOptional()
  @Nested(() => UpdateGroup, { optional: true })
  group?: UpdateGroup;

  /** An operator's word: freeze and maintenance windows do not hold it up. */
  @IsOptional()
  @IsBoolean()
  urgent?: boolean;
  /** What the publisher has signed about it. */
  @IsOptional()
  @Nested(() => SignedStatement, { optional: true })
  statement?: SignedStatement;

  @IsTimestamp()
  submittedAt: string;
}

/** Somebody asked to stop the deployment. What has been changed is rolled back. */
@Event('io.podway.abort.requested.v1')
export class AbortRequested {
  @Matches(ULID)
  deploymentId: string;

  /** Id of the credential of who asked. */
  @IsString()
  @MaxLength(100)
  by: string;

  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** An operator has mended what stood in the way, and asks to take up a failed roll-back again. */
@Event('io.podway.retry.requested.v1')
export class RetryRequested {
  @Matches(ULID)
  deploymentId: string;

  /** Id of the credential of who asked. */
  @IsString()
  @MaxLength(100)
  by: string;

  /** What users have written to databases since the update may be lost. */
  @IsOptional()
  @IsBoolean()
  acceptLoss?: boolean;
}
