import { IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, Min } from 'class-validator';
import { Nested } from '../forms.js';
import { ERROR_CODE, NAME } from '../patterns.js';

export const findingSeverities = ['error', 'warning', 'notice'] as const;
/** error: an update would fail. warning: it may, or a safeguard is missing. notice: good to know. */
export type FindingSeverity = (typeof findingSeverities)[number];

/** Something about a POD's servers that somebody should know before an update. */
export class FindingView {
  @Matches(ERROR_CODE)
  code: string;

  @IsIn(findingSeverities)
  severity: FindingSeverity;

  /** Unset: it is about all of them. */
  @IsOptional()
  @Matches(NAME)
  server?: string;

  /** What is wrong. */
  @IsString()
  detail: string;

  /** How to mend it. */
  @IsString()
  remedy: string;
}

/** What was seen of one server. What could not be seen is unset. */
export class DiagnosedServerView {
  @Matches(NAME)
  name: string;

  /** Whether commands can be run on it. */
  @IsBoolean()
  reached: boolean;

  /** The user that Podway works as there. */
  @IsOptional()
  @IsString()
  user?: string;

  /** Free below the POD's path. */
  @IsOptional()
  @IsInt()
  @Min(0)
  diskFreeMb?: number;

  /** Its clock less that of the service that looked, in milliseconds. */
  @IsOptional()
  @IsInt()
  clockSkewMs?: number;

  /** What would run the watchdog after a reboot. */
  @IsOptional()
  @IsIn(['systemd', 'cron', 'none'])
  bootHook?: 'systemd' | 'cron' | 'none';

  /** Whether its web server answers. */
  @IsBoolean()
  answers: boolean;
}

/** Whether a POD's servers are fit for an update. */
export class DiagnosisView {
  @Matches(NAME)
  pod: string;

  /** There are no errors among the findings. */
  @IsBoolean()
  fit: boolean;

  @IsArray()
  @Nested(() => DiagnosedServerView)
  servers: DiagnosedServerView[];

  /** Errors first. */
  @IsArray()
  @Nested(() => FindingView)
  findings: FindingView[];
}
