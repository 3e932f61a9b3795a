import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Min,
} from 'class-validator';
import { driftActions, type DriftAction } from '../documents/drift-spec.js';
import { StateChanges } from '../documents/state-changes.js';
import { Nested } from '../forms.js';
import { serverFindings, type ServerFinding } from '../messages/looking.js';
import { ERROR_CODE, NAME, SHA256, ULID } from '../patterns.js';

/** Body of `POST /v1/pods/:id/drift`; may be left out. */
export class CheckRequest {
  /** Every file is read again, also those that seem untouched. */
  @IsOptional()
  @IsBoolean()
  deep?: boolean;
}

/** A look at a POD's servers that was asked for. */
export class RequestedCheckView {
  /** Id of the look: `lastCheck` of the POD's drift is this one, or a later one, when it is done. */
  @Matches(ULID)
  id: string;
}

/** What the last look found on one server. */
export class ServerDriftView {
  @Matches(NAME)
  name: string;

  /** Unset: it was not looked at yet. */
  @IsOptional()
  @IsIn(serverFindings)
  finding?: ServerFinding;

  @IsOptional()
  @IsISO8601({ strict: true })
  checkedAt?: string;

  /** Of its live state. */
  @IsOptional()
  @Matches(SHA256)
  fingerprint?: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  driftedSince?: string;

  /** Whether users' accesses go to it. */
  @IsBoolean()
  inRotation: boolean;

  /** How it differs from the release. */
  @IsOptional()
  @Nested(() => StateChanges, { optional: true })
  changes?: StateChanges;

  @IsOptional()
  @Matches(ERROR_CODE)
  code?: string;

  @IsOptional()
  @IsString()
  detail?: string;
}

/** A look at a POD's servers. */
export class CheckView {
  @Matches(ULID)
  id: string;

  @IsISO8601({ strict: true })
  at: string;

  @IsBoolean()
  deep: boolean;
}

/** Whether a POD's servers are as they were proved. */
export class DriftView {
  @Matches(NAME)
  pod: string;

  /** What becomes of a server that has drifted. */
  @IsIn(driftActions)
  policy: DriftAction;

  /** Between two looks, in milliseconds. */
  @IsInt()
  @Min(1)
  everyMs: number;

  /** Number of the release that they should be on. Unset: the POD has none. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  @IsOptional()
  @Nested(() => CheckView, { optional: true })
  lastCheck?: CheckView;

  /** When the next look is due. */
  @IsOptional()
  @IsISO8601({ strict: true })
  nextCheckAt?: string;

  /** Heals in a row that did not help. */
  @IsInt()
  @Min(0)
  healsInVain: number;

  /** Why servers that have drifted are not healed, or no longer. */
  @IsOptional()
  @IsString()
  healingStopped?: string;

  @IsArray()
  @Nested(() => ServerDriftView)
  servers: ServerDriftView[];
}
