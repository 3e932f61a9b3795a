import { ArrayMaxSize, IsArray, IsBoolean, IsOptional, Matches } from 'class-validator';
import { Nested } from '../forms.js';
import { NAME, ULID } from '../patterns.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, PodCommand, ServerOutcome, SnapshotRef, StepOutcome } from './step.js';

/** FIG. 2, 218: put every server of the POD that was touched back to the state before the deployment. */
@Command('io.podway.snapshot.restore.v1', 'snapshotter')
export class RestoreSnapshot extends PodCommand {
  @Matches(NAME)
  canary: string;

  @IsArray()
  @ArrayMaxSize(500)
  @Matches(NAME, { each: true })
  replicas: string[];

  @Nested(() => SnapshotRef)
  snapshot: SnapshotRef;

  /** The state that is given up, where one was installed. */
  @IsOptional()
  @Matches(ULID)
  treeId?: string;

  /** An operator has accepted that what users have written to databases since the update is lost. */
  @IsOptional()
  @IsBoolean()
  acceptLoss?: boolean;
}

/** The servers are back on their earlier state and in rotation; ones that could not be reached are quarantined. */
@Event('io.podway.snapshot.restored.v1')
export class SnapshotRestored extends StepOutcome {
  @IsArray()
  @Nested(() => ServerOutcome)
  servers: ServerOutcome[];
}

/** A server could not be put back. It stays out of rotation, and an operator is needed. */
@Event('io.podway.restore.failed.v1')
export class RestoreFailed extends FailedOutcome {
  @IsArray()
  @Nested(() => ServerOutcome)
  servers: ServerOutcome[];
}
