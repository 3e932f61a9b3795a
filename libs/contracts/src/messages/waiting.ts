import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { NAME, ULID } from '../patterns.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, PodCommand, StepOutcome } from './step.js';

/** The verified canary waits for others or for an approval: its watchdog is given more time, or it would restore itself. */
@Command('io.podway.canary.hold.v1', 'snapshotter')
export class HoldCanary extends PodCommand {
  @Matches(NAME)
  canary: string;
}

/** The canary is still on the verified state. */
@Event('io.podway.canary.held.v1')
export class CanaryHeld extends StepOutcome {
  /** After so many milliseconds it must be held again. */
  @IsInt()
  @Min(1)
  @Max(86_400_000)
  againInMs: number;
}

/** The canary has left the verified state, or cannot be reached. */
@Event('io.podway.canary.lost.v1')
export class CanaryLost extends FailedOutcome {}

class Word {
  @Matches(ULID)
  deploymentId: string;

  /** Id of the credential of who said it. */
  @IsString()
  @MaxLength(100)
  by: string;

  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** Somebody with the right to looked at the canary: its state may go to all servers. */
@Event('io.podway.approval.granted.v1')
export class ApprovalGranted extends Word {}

/** Somebody with the right to looked at the canary: its state is not wanted. It is rolled back. */
@Event('io.podway.approval.refused.v1')
export class ApprovalRefused extends Word {}
