import { IsInt, IsOptional, Matches, Max, Min, type ValidationOptions } from 'class-validator';
import { Nested } from '../forms.js';
import { NAME } from '../patterns.js';

const MOST = Number.MAX_SAFE_INTEGER;

function IsLimit(least: number, most = MOST, options?: ValidationOptions): PropertyDecorator {
  return (target, key) => {
    IsOptional()(target, key);
    IsInt(options)(target, key as string);
    Min(least, options)(target, key as string);
    Max(most, options)(target, key as string);
  };
}

/** Body of `PUT /v1/clients/:id/quota`: the client's own limits. What is left out has the default of the settings. */
export class QuotaRequest {
  /** Bytes of stored artifacts and of uploads that are under way, together. */
  @IsLimit(0)
  bytes?: number;

  /** Stored artifacts. */
  @IsLimit(0)
  artifacts?: number;

  /** Files, folders and links of one bundle. */
  @IsLimit(1)
  files?: number;

  /** Requests that change something, in a minute. */
  @IsLimit(1, 1_000_000)
  requestsPerMinute?: number;

  /** Uploads that are under way at once. */
  @IsLimit(0)
  openUploads?: number;

  /** Accepted updates that have not begun yet, over all PODs of the client. */
  @IsLimit(0)
  waitingUpdates?: number;
}

/** Limits that hold for a client. */
export class QuotaLimits {
  @IsInt()
  @Min(0)
  bytes: number;

  @IsInt()
  @Min(0)
  artifacts: number;

  @IsInt()
  @Min(1)
  files: number;

  @IsInt()
  @Min(1)
  requestsPerMinute: number;

  @IsInt()
  @Min(0)
  openUploads: number;

  @IsInt()
  @Min(0)
  waitingUpdates: number;
}

/** What a client uses of its limits. */
export class QuotaUse {
  /** Of stored artifacts and of uploads that are under way. */
  @IsInt()
  @Min(0)
  bytes: number;

  @IsInt()
  @Min(0)
  artifacts: number;

  @IsInt()
  @Min(0)
  openUploads: number;

  @IsInt()
  @Min(0)
  waitingUpdates: number;
}

/** A client's limits, and what it uses of them. */
export class QuotaView {
  @Matches(NAME)
  client: string;

  @Nested(() => QuotaLimits)
  limits: QuotaLimits;

  @Nested(() => QuotaUse)
  used: QuotaUse;
}
