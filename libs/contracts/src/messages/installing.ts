import { ArrayMaxSize, IsArray, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, PodCommand, SnapshotRef, StepOutcome, UpdateSource } from './step.js';

/** FIG. 2, 212: let the installer apply the update to the canary, beside the live state, then switch the canary. */
@Command('io.podway.update.install.v1', 'installer-agent')
export class InstallUpdate extends PodCommand {
  @Matches(NAME)
  canary: string;

  @Nested(() => UpdateSource)
  source: UpdateSource;

  @Nested(() => SnapshotRef)
  snapshot: SnapshotRef;
}

/** The installer says that it has applied the update. It is not believed: verification decides. */
@Event('io.podway.update.installed.v1')
export class UpdateInstalled extends StepOutcome {
  /** Id of the new state on the canary. */
  @Matches(ULID)
  treeId: string;

  @Matches(SHA256)
  fingerprint: string;

  /** What somebody should know although it succeeded: that a server must be restarted. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(500, { each: true })
  notes?: string[];
}

/** The update could not be applied. The canary is to be rolled back. */
@Event('io.podway.install.failed.v1')
export class InstallFailed extends FailedOutcome {}
