import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Type } from 'class-transformer';
import { NAME, ULID } from '../patterns.js';

/** Query of `GET /v1/events`. */
export class EventsQuery {
  /** Events after this sequence; `0`: from the beginning. Default: what comes from now on. `Last-Event-ID` goes first. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  @IsOptional()
  @Matches(NAME)
  pod?: string;

  @IsOptional()
  @Matches(ULID)
  deployment?: string;

  /** CloudEvents types, separated by commas: `io.podway.deployment.changed.v1`. */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  type?: string;
}

export const resyncReasons = ['cursor-too-old', 'cursor-ahead'] as const;

/** Data of the `resync` event: what the reader knows is not to be continued from. Read the state anew, then go on. */
export class ResyncNotice {
  /** `cursor-too-old`: events in between are gone. `cursor-ahead`: the cursor is not of this log. */
  @IsIn(resyncReasons)
  reason: (typeof resyncReasons)[number];

  /** The stream goes on after this sequence. */
  @IsInt()
  @Min(0)
  continuesAfter: number;
}
