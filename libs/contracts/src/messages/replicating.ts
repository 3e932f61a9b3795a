import { ArrayMaxSize, IsArray, IsBoolean, IsInt, IsOptional, Matches, Min } from 'class-validator';
import { StateChanges } from '../documents/state-changes.js';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, PodCommand, ServerOutcome, SnapshotRef, StepOutcome, UpdateSource } from './step.js';

/** What is promoted, and to whom: the canary's verified state, to the other servers. */
export class PromotionCommand extends PodCommand {
  @Matches(NAME)
  canary: string;

  @IsArray()
  @ArrayMaxSize(500)
  @Matches(NAME, { each: true })
  replicas: string[];

  @Nested(() => SnapshotRef)
  snapshot: SnapshotRef;

  @Matches(ULID)
  treeId: string;

  @Matches(SHA256)
  fingerprint: string;

  /** An operator lets it lose what users have written to databases: of going back to an earlier release. */
  @IsOptional()
  @IsBoolean()
  acceptLoss?: boolean;
}

/** FIG. 2, 216: carry the canary's verified state to the other servers: stage on all, then switch on all. */
@Command('io.podway.release.replicate.v1', 'replicator')
export class ReplicateRelease extends PromotionCommand {}

/**
 * Where the POD wants that in place of replication: let the installers run on each of the other servers, then switch all
 * that have come to the canary's verified state.
 */
@Command('io.podway.update.install-on-others.v1', 'installer-agent')
export class InstallOnOthers extends PromotionCommand {
  @Nested(() => UpdateSource)
  source: UpdateSource;
}

/** Every server named `switched` or `unchanged` is on the verified state; a `quarantined` one is out of rotation. */
@Event('io.podway.release.replicated.v1')
export class ReleaseReplicated extends StepOutcome {
  @IsArray()
  @Nested(() => ServerOutcome)
  servers: ServerOutcome[];

  /** Bytes sent to the servers, all together. */
  @IsInt()
  @Min(0)
  bytesSent: number;

  /** How the release differs from the state before. Unset: that could not be told. */
  @IsOptional()
  @Nested(() => StateChanges, { optional: true })
  changes?: StateChanges;
}

/** The state could not be carried to enough servers. */
@Event('io.podway.replication.failed.v1')
export class ReplicationFailed extends FailedOutcome {
  @IsArray()
  @Nested(() => ServerOutcome)
  servers: ServerOutcome[];
}
