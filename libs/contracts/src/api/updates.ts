import { IsInt, IsISO8601, IsOptional, IsString, Matches, MaxLength, Min } from 'class-validator';
import { Nested } from '../forms.js';
import { UpdateSource } from '../messages/step.js';
import { NAME, ULID } from '../patterns.js';

/** Query of `POST /v1/updates` with a bundle. */
export class PublishQuery {
  /** POD to publish to. Default: the target in the bundle's manifest. */
  @IsOptional()
  @Matches(NAME)
  pod?: string;

  /** What the update is, in the publisher's words. Default: name and version of the manifest. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;
}

/** Body of `POST /v1/updates` that goes back to a kept release. */
export class GoBackRequest {
  @Matches(NAME)
  pod: string;

  /** Number of the release. Default: the one before the current. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;
}

/** An accepted update. */
export class UpdateView {
  @Matches(ULID)
  id: string;

  /** The deployment that it starts. */
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

  @IsISO8601({ strict: true })
  submittedAt: string;
}
