import { Type } from 'class-transformer';
import {
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { shownStates, type ShownState } from '../deployment-states.js';
import { Nested } from '../forms.js';
import { LONGEST_LOG_LINE, LONGEST_LOG_PART, logLevels, type LogLevel } from '../log-levels.js';
import { steps, type Step } from '../messages/step.js';
import { NAME } from '../patterns.js';

/** Query of `GET /v1/deployments/:id/logs/stream`. */
export class FollowLogsQuery {
  /** Only lines above this number. Default 0: from the beginning. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Only lines of this server. */
  @IsOptional()
  @Matches(NAME)
  server?: string;

  /** Only lines of this step. */
  @IsOptional()
  @IsIn(steps)
  step?: Step;

  /** Only lines that are at least as bad. Default: all. */
  @IsOptional()
  @IsIn(logLevels)
  level?: LogLevel;

  /** Only lines with this text in them, in upper or lower case. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  search?: string;
}

/** Query of `GET /v1/deployments/:id/logs`. */
export class LogsQuery extends FollowLogsQuery {
  /** Most lines. Default 500. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_000)
  limit?: number;
}

/** One line of what an installer or a check has said on one server. */
export class LogLine {
  /** 1, 2, 3… in the deployment: no number is left out, and who has seen one has seen all before it. */
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  number: number;

  /** When Podway read it. */
  @IsISO8601({ strict: true })
  at: string;

  @Matches(NAME)
  server: string;

  @IsIn(steps)
  step: Step;

  /** The component of the bundle, or the check. */
  @IsString()
  @MaxLength(LONGEST_LOG_PART)
  part: string;

  /** Which run of the part: 0 for an installer's program, which runs once in a deployment. */
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  run: number;

  /** Place in what the part has said in this run, from 0. */
  @IsInt()
  @Min(0)
  line: number;

  @IsIn(logLevels)
  level: LogLevel;

  /** Without secrets, colours and control characters. */
  @IsString()
  @MaxLength(LONGEST_LOG_LINE)
  text: string;
}

/** A page of the log of a deployment, in the order of the numbers. */
export class LogPage {
  @IsArray()
  @Nested(() => LogLine)
  lines: LogLine[];

  /** What `after` is for the next page. Unset: there are no more lines now. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  next?: number;
}

/** Data of the event `end` of the stream: the deployment is over, and its last line was sent. */
export class LogsEnd {
  @IsIn(shownStates)
  state: ShownState;
}
