import {
  IsArray,
  IsBoolean,
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
import { NAME, SHA256 } from '../patterns.js';

/** Query of `GET /v1/artifacts`. */
export class ArtifactsQuery {
  /** Only those of the client of this POD. */
  @IsOptional()
  @Matches(NAME)
  pod?: string;

  /** Most entries. Default 100. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;
}

/** A stored artifact of a client. */
export class ArtifactView {
  @Matches(NAME)
  client: string;

  @Matches(SHA256)
  digest: string;

  @IsInt()
  @Min(0)
  bytes: number;

  /** Name and version of its manifest. */
  @IsString()
  name: string;

  @IsString()
  version: string;

  @IsISO8601({ strict: true })
  createdAt: string;

  /** When it was last stored or published. */
  @IsISO8601({ strict: true })
  lastUsedAt: string;

  /** A kept release, a deployment that has not ended or an accepted update needs it: it is not collected. */
  @IsBoolean()
  needed: boolean;
}

/** Stored artifacts, newest first. */
export class ArtifactList {
  @IsArray()
  @Nested(() => ArtifactView)
  artifacts: ArtifactView[];
}

/** Body of `POST /v1/artifacts/collect`. */
export class CollectRequest {
  /** Only says what would be collected. */
  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;
}

/** An artifact that was, or would be, collected. */
export class CollectedArtifactView {
  @Matches(NAME)
  client: string;

  @Matches(SHA256)
  digest: string;

  @IsInt()
  @Min(0)
  bytes: number;
}

/** What a collection did, or would do. */
export class CollectionView {
  @IsBoolean()
  dryRun: boolean;

  /** Another gateway is collecting at this moment: nothing was done here. */
  @IsBoolean()
  busy: boolean;

  /** Records of artifacts. Content that several clients have stored goes with the last record. */
  @IsArray()
  @Nested(() => CollectedArtifactView)
  artifacts: CollectedArtifactView[];

  /** Contents without any record, such as a killed gateway leaves. Not counted in a dry run. */
  @IsInt()
  @Min(0)
  orphans: number;

  /** Uploads that were given up. */
  @IsInt()
  @Min(0)
  uploads: number;
}
