import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';

export const uploadKinds = ['resumable', 'difference'] as const;
export type UploadKind = (typeof uploadKinds)[number];

export const uploadStates = ['open', 'finished'] as const;
export type UploadState = (typeof uploadStates)[number];

/** An upload that is under way, or has become an artifact. */
export class UploadView {
  @Matches(ULID)
  id: string;

  @IsIn(uploadKinds)
  kind: UploadKind;

  @Matches(NAME)
  client: string;

  @Matches(NAME)
  pod: string;

  @IsIn(uploadStates)
  state: UploadState;

  /** What it will have when it is whole. By difference: about what the bundle will have. */
  @IsInt()
  @Min(0)
  bytes: number;

  /** SHA-256 of the artifact that it became. */
  @IsOptional()
  @Matches(SHA256)
  artifact?: string;

  /** Afterwards it is gone. */
  @IsISO8601({ strict: true })
  expiresAt: string;
}

/** Most entries of a bundle that is uploaded by difference. Larger ones go as a whole. */
export const MOST_DIFFERENCE_ENTRIES = 50_000;

export const differenceKinds = ['file', 'directory', 'symlink'] as const;

/** A file, folder or symbolic link of a bundle that is uploaded by difference. */
export class DifferenceEntry {
  /** Relative to the bundle, with `/`. Judged as that of an entry in an uploaded bundle. */
  @IsString()
  @MaxLength(1024)
  path: string;

  @IsIn(differenceKinds)
  kind: (typeof differenceKinds)[number];

  /** file: may be run. */
  @IsOptional()
  @IsBoolean()
  executable?: boolean;

  /** file: bytes. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  size?: number;

  /** file: SHA-256 of the content. */
  @IsOptional()
  @Matches(SHA256)
  sha256?: string;

  /** symlink: where it leads. */
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  target?: string;

  /** Time of the last change, in seconds since 1970. Default 0. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(0x7fff_ffff)
  modified?: number;
}

/** Body of `POST /v1/uploads/differences`: all that the bundle holds, `podway.yaml` included as a file like others. */
export class DifferenceRequest {
  @Matches(NAME)
  pod: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_DIFFERENCE_ENTRIES)
  @Nested(() => DifferenceEntry)
  entries: DifferenceEntry[];
}

/** What the gateway needs to make the bundle. */
export class DifferenceView extends UploadView {
  /** SHA-256 of each content that this client has not stored yet. */
  @IsArray()
  @Matches(SHA256, { each: true })
  missing: string[];
}

/** Answer of `PUT /v1/uploads/differences/:id`: the artifact that was made. */
export class UploadedArtifactView {
  @Matches(SHA256)
  artifact: string;

  /** Size of the bundle. */
  @IsInt()
  @Min(1)
  bytes: number;
}
