import {
  IsArray,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Type } from 'class-transformer';
import { Nested } from '../forms.js';

const QUEUE = /^podway\.[a-z0-9.-]{1,200}$/;

/** Query of `GET /v1/dead-letters`. */
export class DeadLettersQuery {
  /** Only what died on this queue. */
  @IsOptional()
  @Matches(QUEUE)
  queue?: string;

  /** Most entries. Default 50. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

/** Body of `POST /v1/dead-letters/replay`; may be left out. */
export class ReplayRequest {
  /** Only what died on this queue. */
  @IsOptional()
  @Matches(QUEUE)
  queue?: string;

  /** Most messages. Default: all that are there when it begins. */
  @IsOptional()
  @IsInt()
  @Min(1)
  limit?: number;
}

/** A message that was given up. */
export class DeadLetterView {
  @IsString()
  messageId: string;

  /** The queue that it died on. */
  @IsString()
  queue: string;

  @IsString()
  code: string;

  @IsString()
  reason: string;

  @IsInt()
  @Min(0)
  tries: number;

  @IsISO8601({ strict: true })
  diedAt: string;

  /** The message as text, cut at 16384 characters. */
  @IsString()
  @MaxLength(16_384)
  body: string;
}

/** Dead letters, oldest first of each queue. */
export class DeadLetterList {
  /** How many there are in all. */
  @IsInt()
  @Min(0)
  count: number;

  @IsArray()
  @Nested(() => DeadLetterView)
  deadLetters: DeadLetterView[];
}

/** Answer of a replay. */
export class ReplayedView {
  /** Messages put back into their queues. */
  @IsInt()
  @Min(0)
  replayed: number;
}
