import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Type } from 'class-transformer';
import { NAME, ULID } from '../patterns.js';

/** How events look: as Podway has them, or as CDEvents inside of CloudEvents. */
export const eventFormats = ['cloudevents', 'cdevents'] as const;
export type EventFormat = (typeof eventFormats)[number];

/** Query of `GET /v1/events`. */
export class EventsQuery {
  /** Events after this sequence; `0`: from the beginning. Default: what comes from now on. `Last-Event-ID` goes first. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Only events of this client, of those that the caller may see. */
  @IsOptional()
  @Matches(NAME)
  client?: string;

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

  /** `cdevents`: what CDEvents 0.4 has a word for, in its words; nothing else. Default: `cloudevents`, as they are. */
  @IsOptional()
  @IsIn(eventFormats)
  format?: EventFormat;
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
