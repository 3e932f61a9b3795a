import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
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
import { Type } from 'class-transformer';
import { IsTimestamp, Nested } from '../forms.js';
import { NAME } from '../patterns.js';
import { keyRoles, type KeyRole } from './roles.js';

/** A client's name, or `*` for the hosting service. */
const KEY_CLIENT = /^(\*|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$/;
/** Public part of a key: the 12 characters after `pw_`. */
export const KEY_ID = /^[a-z0-9]{12}$/;
/** Most PODs that one key, trust or delegation can name. */
export const MOST_PODS = 100;

/** Body of `POST /v1/keys`. */
export class NewKeyRequest {
  /** The client whose key it is; `*` for people of the hosting service, who see all clients. */
  @Matches(KEY_CLIENT)
  client: string;

  /** operator and admin are roles of the hosting service: their client is `*`. */
  @IsIn(keyRoles)
  role: KeyRole;

  /** Who holds it: `build server`. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  publisher?: string;

  /** For people: what for, where it lies. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;

  /** The only PODs that it is good for. Unset: all that its client may. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_PODS)
  @Matches(NAME, { each: true })
  pods?: string[];

  /** RFC 3339. Unset: does not expire. */
  @IsOptional()
  @IsTimestamp()
  expiresAt?: string;
}

/** A new key. The only time that its text is shown. */
export class NewKeyView {
  @Matches(KEY_ID)
  id: string;

  /** `pw_<id>_<secret>`. It cannot be had again. */
  @IsString()
  key: string;

  @IsString()
  client: string;

  @IsIn(keyRoles)
  role: KeyRole;
}

/** Query of `GET /v1/keys`. */
export class KeysQuery {
  /** Only those of this client; `*` for those of the hosting service. */
  @IsOptional()
  @Matches(KEY_CLIENT)
  client?: string;

  /** Most entries. Default 100. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** Only those older than this key: the next page. */
  @IsOptional()
  @Matches(KEY_ID)
  before?: string;
}

/** What is known about a key. Its secret is not. */
export class KeyView {
  /** What its text begins with, after `pw_`. */
  @Matches(KEY_ID)
  id: string;

  @IsString()
  client: string;

  @IsIn(keyRoles)
  role: KeyRole;

  /** Who holds it. */
  @IsOptional()
  @IsString()
  publisher?: string;

  @IsOptional()
  @IsString()
  note?: string;

  /** The only PODs that it is good for. */
  @IsOptional()
  @IsArray()
  @Matches(NAME, { each: true })
  pods?: string[];

  @IsISO8601({ strict: true })
  createdAt: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  expiresAt?: string;

  /** To the minute. */
  @IsOptional()
  @IsISO8601({ strict: true })
  lastUsedAt?: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  revokedAt?: string;
}

/** API keys, newest first, those that are revoked or have expired too. */
export class KeyList {
  @IsArray()
  @Nested(() => KeyView)
  keys: KeyView[];
}
