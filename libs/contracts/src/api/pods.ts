import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  Min,
} from 'class-validator';
import { environments, type Environment } from '../documents/environment.js';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';
import { serverFindings, type ServerFinding } from '../messages/looking.js';
import { ReleaseView } from './releases.js';
import { updateModes, type UpdateMode } from '../update-modes.js';

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

  /** What the last look found: whether it is still as it was proved. */
  @IsOptional()
  @IsIn(serverFindings)
  finding?: ServerFinding;

  @IsOptional()
  @IsISO8601({ strict: true })
  checkedAt?: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  driftedSince?: string;
}

/** Body of `POST /v1/pods/:id/pause`; may be left out. */
export class PauseRequest {
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** Nothing begins in the POD. */
export class PauseView {
  /** Id of the credential. */
  @IsString()
  by: string;

  @IsOptional()
  @IsString()
  reason?: string;

  @IsISO8601({ strict: true })
  since: string;
}

/** Users may not write to the POD: gateways answer 503 to all but reading requests. */
export class WriteFenceView {
  /** The deployment for whose time it is so. */
  @Matches(ULID)
  deploymentId: string;

  @IsISO8601({ strict: true })
  since: string;
}

/** One of a client's resources. */
export class ResourceView {
  @Matches(NAME)
  name: string;

  @Matches(NAME)
  client: string;

  @IsArray()
  @Matches(NAME, { each: true })
  pods: string[];

  /** How an update of several PODs is done, unless it says so itself. */
  @IsIn(updateModes)
  mode: UpdateMode;
}

/** The resources that the caller may see, by client and name. */
export class ResourceList {
  @IsArray()
  @Nested(() => ResourceView)
  resources: ResourceView[];
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

  /** Set while the POD is paused. */
  @IsOptional()
  @Nested(() => PauseView, { optional: true })
  paused?: PauseView;

  /** What it is for. Unset: its entry does not say, and it counts as production. */
  @IsOptional()
  @IsIn(environments)
  environment?: Environment;
}

/** What is known about one POD. */
export class PodDetailView extends PodView {
  @IsArray()
  @Nested(() => PodServerView)
  servers: PodServerView[];

  /** Set while users may not write. */
  @IsOptional()
  @Nested(() => WriteFenceView, { optional: true })
  writesFenced?: WriteFenceView;

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
