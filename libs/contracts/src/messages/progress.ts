import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { DEPLOYMENT_CHANGED, deploymentStates, type DeploymentState } from '../deployment-states.js';
import { NAME, ULID } from '../patterns.js';
import { Event } from '../registry.js';
import { StepOutcome } from './step.js';

/** A long step is alive: extends its deadline and is shown to people. */
@Event('io.podway.step.progressed.v1')
export class StepProgressed extends StepOutcome {
  @IsString()
  @MaxLength(1000)
  message: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100)
  percent?: number;

  @IsOptional()
  @Matches(NAME)
  server?: string;
}

/** A deployment went from one state to the next. Published by the coordinator alone. */
@Event(DEPLOYMENT_CHANGED)
export class DeploymentChanged {
  @Matches(ULID)
  deploymentId: string;

  @Matches(ULID)
  updateId: string;

  /** Unset for the first state. */
  @IsOptional()
  @IsIn(deploymentStates)
  from?: DeploymentState;

  @IsIn(deploymentStates)
  to: DeploymentState;

  /** Name of the message that caused it, for example `SnapshotTaken`, `Timeout`, `PodLeased`. */
  @IsString()
  @MaxLength(100)
  cause: string;

  /** For people, when something went wrong. */
  @IsOptional()
  @IsString()
  @MaxLength(4000)
  detail?: string;

  /** Number of the release made, when it succeeded. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;
}
