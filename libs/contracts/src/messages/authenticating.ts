import { IsOptional } from 'class-validator';
import { SignedStatement } from '../documents/update-statement.js';
import { Nested } from '../forms.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, Publisher, StepCommand, StepOutcome, UpdateSource, UpdateTarget } from './step.js';

/** FIG. 2, 206: is this publisher allowed to update this POD, and is the artifact what it says? */
@Command('io.podway.update.authenticate.v1', 'auth')
export class AuthenticateUpdate extends StepCommand {
  @Nested(() => Publisher)
  publisher: Publisher;

  @Nested(() => UpdateSource)
  source: UpdateSource;

  @Nested(() => UpdateTarget)
  target: UpdateTarget;

  /** What the publisher has signed about the update. */
  @IsOptional()
  @Nested(() => SignedStatement, { optional: true })
  statement?: SignedStatement;
}

/** The publisher may update the target, and the artifact is whole. */
@Event('io.podway.update.authenticated.v1')
export class UpdateAuthenticated extends StepOutcome {}

/** The update is refused. Nothing was touched. */
@Event('io.podway.update.rejected.v1')
export class UpdateRejected extends FailedOutcome {}
