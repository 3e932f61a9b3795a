import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { IsTimestamp, Nested } from '../forms.js';
import { ULID } from '../patterns.js';
import { Event } from '../registry.js';
import { Publisher, UpdateSource, UpdateTarget } from './step.js';

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
}
