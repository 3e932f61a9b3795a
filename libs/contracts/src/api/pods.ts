import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { Type } from 'class-transformer';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';

/** Query of `PUT /v1/pods`. */
export class ApplyPodsQuery {
  /** `true`: PODs that the file does not name leave the inventory. */
  @IsOptional()
  @IsIn(['true', 'false'])
  prune?: 'true' | 'false';
}

export const podChanges = ['added', 'changed', 'unchanged', 'removed'] as const;

/** What applying the inventory file did to one POD. */
export class PodChangeView {
  @Matches(NAME)
  pod: string;

  @IsIn(podChanges)
  change: (typeof podChanges)[number];

  /** Revision in force now. */
  @IsInt()
  @Min(1)
  revision: number;
}

/** Answer of `PUT /v1/pods`. */
export class AppliedPodsView {
  @IsArray()
  @Nested(() => PodChangeView)
  changes: PodChangeView[];
}

/** One server of a POD, as last proved. */
export class PodServerView {
  @Matches(NAME)
  name: string;

  @IsOptional()
  @Matches(NAME)
  region?: string;

  /** Number of the release that it was proved to hold. Unset: none, or not known. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  @IsOptional()
  @Matches(SHA256)
  fingerprint?: string;

  /** Whether users' accesses go to it. */
  @IsBoolean()
  inRotation: boolean;

  @IsBoolean()
  quarantined: boolean;

  /** Why it is quarantined. */
  @IsOptional()
  @IsString()
  reason?: string;
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

  /** SHA-256 of the artifact that it was made from. */
  @IsOptional()
  @Matches(SHA256)
  artifact?: string;

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

  @IsString()
  publisher: string;

  @IsISO8601({ strict: true })
  createdAt: string;
}

/** Query of `GET /v1/pods/:id/releases`. */
export class ReleasesQuery {
  /** Most entries. Default 100. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;
}

/** A POD's releases, newest first. */
export class ReleaseList {
  @IsArray()
  @Nested(() => ReleaseView)
  releases: ReleaseView[];
}

/** One line of the list of PODs. */
export class PodView {
  @Matches(NAME)
  name: string;

  @Matches(NAME)
  client: string;

  /** Revision of its inventory entry. */
  @IsInt()
  @Min(1)
  revision: number;

  @IsArray()
  @IsString({ each: true })
  hosts: string[];

  /** How many servers it has. */
  @IsInt()
  @Min(1)
  serverCount: number;

  /** Number of the current release. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  /** The deployment that owns the POD now. */
  @IsOptional()
  @Matches(ULID)
  runningDeployment?: string;

  /** Deployments that wait for it. */
  @IsInt()
  @Min(0)
  queueLength: number;
}

/** What is known about one POD. */
export class PodDetailView extends PodView {
  @IsArray()
  @Nested(() => PodServerView)
  servers: PodServerView[];

  /** The current release. */
  @IsOptional()
  @Nested(() => ReleaseView, { optional: true })
  currentRelease?: ReleaseView;
}

/** The PODs that the caller may see, by name. */
export class PodList {
  @IsArray()
  @Nested(() => PodView)
  pods: PodView[];
}
