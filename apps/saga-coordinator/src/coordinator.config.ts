import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { steps, type Step } from '@podway/contracts';
import type { SagaLimits, StepLimit } from '@podway/pipeline';
import { CommonSettings, Setting } from '@podway/service-kit';

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
