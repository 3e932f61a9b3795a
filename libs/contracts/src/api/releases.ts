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
import { MOST_CHANGES, StateChanges, TreeChanges } from '../documents/state-changes.js';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';

/** Query of `GET /v1/pods/:id/releases`. */
export class ReleasesQuery {
  /** Most entries. Default 100. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /** Only those older than this number: the next page. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  before?: number;
}

/** A release that somebody marked bad: it is not deployed again without force. */
export class BadMarkView {
  /** Id of the credential. */
  @IsString()
  by: string;

  @IsString()
  reason: string;

  @IsISO8601({ strict: true })
  since: string;
}

/** How many files differ. */
export class ChangeCounts {
  @IsInt()
  @Min(0)
  added: number;

  @IsInt()
  @Min(0)
  changed: number;

  @IsInt()
  @Min(0)
  removed: number;
}

/** A verified state of a POD. */
export class ReleaseView {
  @IsInt()
  @Min(1)
  number: number;

  @Matches(SHA256)
  fingerprint: string;

  /** Whether it is the POD's current one. */
  @IsBoolean()
  current: boolean;

  /** Whether servers still keep its state: only then one can go back to it. */
  @IsBoolean()
  kept: boolean;

  /** SHA-256 of the artifact that it was made from. */
  @IsOptional()
  @Matches(SHA256)
  artifact?: string;

  /** Name of what was installed, as its manifest has it. */
  @IsOptional()
  @IsString()
  name?: string;

  /** Version of what was installed, as its manifest has it. */
  @IsOptional()
  @IsString()
  version?: string;

  /** The release that this one went back to. */
  @IsOptional()
  @IsInt()
  @Min(1)
  sourceRelease?: number;

  @Matches(ULID)
  deploymentId: string;

  @IsOptional()
  @IsString()
  label?: string;

  /** Why it was made, in the words of who published. */
  @IsOptional()
  @IsString()
  reason?: string;

  /** Id of the publisher's key; `podway` for an update that Podway made itself, to heal servers. */
  @IsString()
  publisher: string;

  @IsISO8601({ strict: true })
  createdAt: string;

  /** What differs from the state before, as far as that was recorded. */
  @IsOptional()
  @Nested(() => ChangeCounts, { optional: true })
  changes?: ChangeCounts;

  /** `verified`: all tests passed on all servers. `bad`: somebody has marked it since. */
  @IsIn(['verified', 'bad'])
  verdict: 'verified' | 'bad';

  /** Set when it is marked bad. */
  @IsOptional()
  @Nested(() => BadMarkView, { optional: true })
  bad?: BadMarkView;
}

/** A POD's releases, newest first. */
export class ReleaseList {
  @IsArray()
  @Nested(() => ReleaseView)
  releases: ReleaseView[];
}

/** All that is known about one release. */
export class ReleaseDetailView extends ReleaseView {
  /** What differs from the state before, file by file, as far as that was recorded. */
  @IsOptional()
  @Nested(() => StateChanges, { optional: true })
  difference?: StateChanges;
}

/** Body of `POST /v1/pods/:id/releases/:number/bad`. */
export class MarkBadRequest {
  @IsString()
  @Matches(/\S/, { message: 'must say why' })
  @MaxLength(500)
  reason: string;
}

/** Query of `GET /v1/pods/:id/diff`. */
export class DiffQuery {
  /** Number of the one release. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  from: number;

  /** Number of the other. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  to: number;

  /** Most entries. Default 200. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_CHANGES)
  limit?: number;

  /** Only entries behind this path: the next page. */
  @IsOptional()
  @IsString()
  @MaxLength(4_096)
  after?: string;
}

/** How two kept releases of a POD differ. */
export class DiffView {
  @Matches(NAME)
  pod: string;

  @IsInt()
  from: number;

  @IsInt()
  to: number;

  /** Counts are of all; entries are those of this page, by path. */
  @Nested(() => TreeChanges)
  tree: TreeChanges;

  /** What the other parts of the state tell, by their names. */
  @IsOptional()
  @IsObject()
  parts?: Record<string, object>;

  /** Server whose copies of both were compared. Unset: the releases have one state. */
  @IsOptional()
  @Matches(NAME)
  server?: string;

  /** What `after` is for the next page. Unset: this is the last. */
  @IsOptional()
  @IsString()
  next?: string;
}
