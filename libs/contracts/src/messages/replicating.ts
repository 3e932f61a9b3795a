import { ArrayMaxSize, IsArray, IsInt, Matches, Min } from 'class-validator';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, PodCommand, ServerOutcome, SnapshotRef, StepOutcome } from './step.js';

/** FIG. 2, 216: carry the canary's verified state to the other servers: stage on all, then switch on all. */
@Command('io.podway.release.replicate.v1', 'replicator')
export class ReplicateRelease extends PodCommand {
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
}

/** The state could not be carried to enough servers. */
@Event('io.podway.replication.failed.v1')
export class ReplicationFailed extends FailedOutcome {
  @IsArray()
  @Nested(() => ServerOutcome)
  servers: ServerOutcome[];
}
