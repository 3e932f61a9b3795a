import { Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Nested } from '../forms.js';
import { SHA256 } from '../patterns.js';

/**
 * accepted: done. repeated: done before, the earlier answer was given. refused: not done. failed: something broke; what
 * was done of it is not known here.
 */
export const auditOutcomes = ['accepted', 'repeated', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/** Query of `GET /v1/audit`. */
export class AuditQuery {
  @IsOptional()
  @Matches(/^(\*|-|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$/)
  client?: string;

  /** Operation of the API, as `publishUpdate`, or `signIn`. */
  @IsOptional()
  @Matches(/^[A-Za-z]{1,60}$/)
  action?: string;

  /** Only records below this number: the next page, newest first. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  before?: number;

  /** Only records above this number, oldest first. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Most records. Default 100. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}

/** One record of the audit log. */
export class AuditRecord {
  /** 1, 2, 3…: no number is left out. */
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  seq: number;

  @IsISO8601({ strict: true })
  time: string;

  /** Id of the credential; `-` for nobody known. */
  @IsString()
  @MaxLength(300)
  actor: string;

  /** The client that it is about; `*` for the hosting service, `-` for none known. */
  @IsString()
  @MaxLength(63)
  client: string;

  /** Operation of the API, or `signIn`. */
  @IsString()
  @MaxLength(60)
  action: string;

  /** What was acted on: `pod/shop`, or the path that was asked for. */
  @IsString()
  @MaxLength(500)
  subject: string;

  @IsIn(auditOutcomes)
  outcome: AuditOutcome;

  @IsObject()
  detail: Record<string, unknown>;

  /** `hash` of the record before; of the first: 64 zeros. */
  @Matches(SHA256)
  previousHash: string;

  /** SHA-256 over the canonical JSON (RFC 8785) of all the other fields. */
  @Matches(SHA256)
  hash: string;
}

export class AuditList {
  @IsArray()
  @Nested(() => AuditRecord)
  records: AuditRecord[];
}

/** Query of `GET /v1/audit/verification`. */
export class AuditVerificationQuery {
  /** `<seq>:<hash>`, written down earlier: that record must still be there as it was. */
  @IsOptional()
  @Matches(/^[1-9][0-9]{0,14}:[0-9a-f]{64}$/)
  head?: string;
}

/** The last record of a chain. */
export class AuditHead {
  /** 0 for an empty log. */
  @IsInt()
  @Min(0)
  seq: number;

  @Matches(SHA256)
  hash: string;
}

/** Whether the chain holds. */
export class AuditVerificationView {
  @IsBoolean()
  intact: boolean;

  /** Records that were checked. */
  @IsInt()
  @Min(0)
  records: number;

  /** Up to where the chain holds. */
  @Nested(() => AuditHead)
  head: AuditHead;

  /** Number of the first record that is wrong or missing. */
  @IsOptional()
  @IsInt()
  brokenAt?: number;

  /** What is wrong there. */
  @IsOptional()
  @IsString()
  reason?: string;
}
