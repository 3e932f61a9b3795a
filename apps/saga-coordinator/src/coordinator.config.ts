import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { steps, type Step } from '@podway/contracts';
import type { SagaLimits, StepLimit } from '@podway/pipeline';
import { CommonSettings, Setting } from '@podway/service-kit';
import type { DriftLimits } from './drift.js';

const PER_STEP = new RegExp(
  `^((${steps.join('|')})=[1-9][0-9]{0,8})(,(${steps.join('|')})=[1-9][0-9]{0,8})*$`,
);

export class CoordinatorSettings extends CommonSettings {
  /** Silence after which an attempt is given up, where it differs from the saga table: `Installing=600000,Verifying=60000`, in milliseconds. */
  @Setting('PODWAY_STEP_TIMEOUTS_MS')
  @IsOptional()
  @Matches(PER_STEP, { message: 'must be like Installing=600000,Verifying=60000' })
  stepTimeoutsMs?: string;

  /** Attempts of a step, where they differ from the saga table: `Installing=2`. */
  @Setting('PODWAY_STEP_ATTEMPTS')
  @IsOptional()
  @Matches(PER_STEP, { message: 'must be like Installing=2,RollingBack=5' })
  stepAttempts?: string;

  /** How often deadlines are looked at, in milliseconds. */
  @Setting('PODWAY_DEADLINE_POLL_MS', 'integer')
  @IsInt()
  @Min(50)
  @Max(60_000)
  deadlinePollMs: number = 500;

  /** How often waiting deployments are looked at, besides after each change, in milliseconds. */
  @Setting('PODWAY_TURN_POLL_MS', 'integer')
  @IsInt()
  @Min(50)
  @Max(60_000)
  turnPollMs: number = 1_000;

  /** How often it is seen whether PODs are to be looked at for drift, in milliseconds. */
  @Setting('PODWAY_DRIFT_POLL_MS', 'integer')
  @IsInt()
  @Min(50)
  @Max(600_000)
  driftPollMs: number = 2_000;

  /** PODs that are looked at for drift at once. */
  @Setting('PODWAY_DRIFT_CONCURRENCY', 'integer')
  @IsInt()
  @Min(1)
  @Max(1_000)
  driftConcurrency: number = 4;

  /** After how long without an answer a look for drift is given up, in milliseconds. */
  @Setting('PODWAY_DRIFT_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  driftTimeoutMs: number = 1_800_000;

  /** How often a POD with servers out of rotation is looked at, so that they catch up, in milliseconds. */
  @Setting('PODWAY_CATCH_UP_MS', 'integer')
  @IsInt()
  @Min(100)
  @Max(86_400_000)
  catchUpMs: number = 60_000;

  /** Heals of a POD in a row after which it is given up, when they do not help. */
  @Setting('PODWAY_HEAL_ATTEMPTS', 'integer')
  @IsInt()
  @Min(1)
  @Max(100)
  healAttempts: number = 3;
}

/** The bounds of looking for drift and of healing. */
export function driftLimitsOf(settings: CoordinatorSettings): DriftLimits {
  const { driftConcurrency: concurrency, driftTimeoutMs: timeoutMs, catchUpMs, healAttempts } = settings;
  return { concurrency, timeoutMs, catchUpMs, maxHeals: healAttempts };
}

/** The saga's limits as the settings have them. */
export function limitsOf(settings: CoordinatorSettings): SagaLimits {
  const limits: Partial<Record<Step, Partial<StepLimit>>> = {};
  for (const [step, timeoutMs] of perStep(settings.stepTimeoutsMs)) limits[step] = { timeoutMs };
  for (const [step, maxAttempts] of perStep(settings.stepAttempts))
    limits[step] = { ...limits[step], maxAttempts };
  return limits;
}

function perStep(text = ''): [Step, number][] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [step, value] = part.split('=');
      return [step as Step, Number(value)];
    });
}
