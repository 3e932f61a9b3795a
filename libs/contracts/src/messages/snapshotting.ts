import { Matches } from 'class-validator';
import { Nested } from '../forms.js';
import { NAME } from '../patterns.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, PodCommand, SnapshotRef, StepOutcome } from './step.js';

/** FIG. 2, 210: drain the canary, arm its watchdog and record its state. */
@Command('io.podway.snapshot.take.v1', 'snapshotter')
export class TakeSnapshot extends PodCommand {
  @Matches(NAME)
  canary: string;
}

/** The canary's state is recorded; it can be put back. */
@Event('io.podway.snapshot.taken.v1')
export class SnapshotTaken extends StepOutcome {
  @Nested(() => SnapshotRef)
  snapshot: SnapshotRef;
}

/** No snapshot could be taken. The canary is back in rotation as it was. */
@Event('io.podway.snapshot.failed.v1')
export class SnapshotFailed extends FailedOutcome {}
