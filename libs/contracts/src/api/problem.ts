import { IsArray, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { ERROR_CODE } from '../patterns.js';

/** An error over HTTP, `application/problem+json`. RFC 9457. */
export class Problem {
  /** `urn:podway:problem:<code>`: names the kind of problem. */
  @IsString()
  type: string;

  /** The kind of problem, for people. */
  @IsString()
  title: string;

  /** The HTTP status. */
  @IsInt()
  @Min(400)
  @Max(599)
  status: number;

  /** Stable code: what programs decide by. */
  @Matches(ERROR_CODE)
  code: string;

  /** What went wrong this time and, where known, what to do. */
  @IsString()
  detail: string;

  /** The path that was asked for. */
  @IsString()
  instance: string;

  /** Each place in the input that is wrong, and why. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  problems?: string[];
}
