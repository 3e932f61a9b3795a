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
import { Nested } from '../forms.js';
import { UpdateSource } from '../messages/step.js';
import { NAME, SHA256, ULID } from '../patterns.js';
import { updateModes, type UpdateMode } from '../update-modes.js';

/** Query of `POST /v1/updates` with a bundle. */
export class PublishQuery {
  /** POD to publish to. Default: the target in the bundle's manifest. */
  @IsOptional()
  @Matches(NAME)
  pod?: string;

  /** Instead of `pod`: several PODs, separated by commas, in this order. */
  @IsOptional()
  @Matches(/^[a-z0-9-]{1,63}(,[a-z0-9-]{1,63}){0,999}$/)
  pods?: string;

  /** Instead of `pod`: one of the client's resources, which means all its PODs. */
  @IsOptional()
  @Matches(NAME)
  resource?: string;

  /** Client of the resource. Needed by the hosting service's own keys only. */
  @IsOptional()
  @Matches(NAME)
  client?: string;

  /** How several PODs are done. Default: as manifest or resource say, otherwise `in-order`. */
  @IsOptional()
  @IsIn(updateModes)
  mode?: UpdateMode;

  /** `true`: freeze and maintenance windows do not hold it up. For operators. */
  @IsOptional()
  @IsIn(['true', 'false'])
  urgent?: 'true' | 'false';

  /** What the update is, in the publisher's words. Default: name and version of the manifest. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;

  /** Why it is made: kept with the release. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;

  /** `true`: also when a release with this artifact is marked bad. It is recorded in the audit log. */
  @IsOptional()
  @IsIn(['true', 'false'])
  force?: 'true' | 'false';
}

/** Body of `POST /v1/updates` in JSON: goes back to a kept release, or publishes a stored `artifact`; never both. */
export class GoBackRequest {
  @Matches(NAME)
  pod: string;

  /** Number of the release. Default, without `artifact`: the one before the current. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  /** SHA-256 of an artifact that the POD's client has stored: published in place of a release. */
  @IsOptional()
  @Matches(SHA256)
  artifact?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;

  /** Why it is made: kept with the release. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;

  /** Also when the release is marked bad. It is recorded in the audit log. */
  @IsOptional()
  @IsBoolean()
  force?: boolean;

  /** Freeze and maintenance windows do not hold it up. For operators. */
  @IsOptional()
  @IsBoolean()
  urgent?: boolean;

  /** Go back although what users have written to databases since is lost by it: after STATE.LOSS_WINDOW. For operators. */
  @IsOptional()
  @IsBoolean()
  acceptLoss?: boolean;
}

/** A deployment of an update. */
export class UpdateDeploymentView {
  @Matches(ULID)
  id: string;

  @Matches(NAME)
  pod: string;
}

/** An accepted update. */
export class UpdateView {
  @Matches(ULID)
  id: string;

  /** The deployment that it starts, the first where it starts several. */
  @Matches(ULID)
  deploymentId: string;

  @Matches(NAME)
  client: string;

  @Matches(NAME)
  pod: string;

  @Nested(() => UpdateSource)
  source: UpdateSource;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;

  /** All deployments that it starts, in the order of its PODs. */
  @IsArray()
  @Nested(() => UpdateDeploymentView)
  deployments: UpdateDeploymentView[];

  /** How they are done, where it names several PODs. */
  @IsOptional()
  @IsIn(updateModes)
  mode?: UpdateMode;

  /** The resource that it named. */
  @IsOptional()
  @Matches(NAME)
  resource?: string;
  /** Of a signed update: its sequence. */
  @IsOptional()
  @IsInt()
  @Min(1)
  sequence?: number;

  /** Of a signed update: ids of the signing keys. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  signedBy?: string[];

  @IsISO8601({ strict: true })
  submittedAt: string;
}
