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
  MinLength,
} from 'class-validator';
import { Type } from 'class-transformer';
import { IsName, IsTimestamp, Nested, UniqueNames } from '../forms.js';
import { NAME, ULID } from '../patterns.js';
import { MOST_PODS } from './keys.js';
import { tokenRoles, type TokenRole } from './roles.js';

/** Registered claims are tested by other rules. RFC 7519, section 4.1. */
const CLAIM = /^(?!(iss|aud|exp|nbf|iat|jti)$)[\x21-\x7e]{1,200}$/;

/** A claim that a token must have, with exactly this text. */
export class RequiredClaim {
  /** `sub`, `repository`, `ref`. Not iss, aud, exp, nbf, iat, jti. */
  @Matches(CLAIM, { message: 'must be the name of a claim other than iss, aud, exp, nbf, iat and jti' })
  name: string;

  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  value: string;
}

/** Body of `POST /v1/trusts`: whose tokens are taken, and as whom. */
export class NewTrustRequest {
  /** Issuer of the tokens, exactly as their `iss` says: `https://ci.example.org`. */
  @Matches(/^https?:\/\/[\x21-\x7e]{1,500}$/, { message: 'must be a URL like https://ci.example.org' })
  issuer: string;

  /** What the tokens must be made for: one entry of their `aud`. */
  @IsString()
  @MinLength(1)
  @MaxLength(500)
  audience: string;

  /** All of these claims must be there. An issuer of many customers signs for all of them: these tell yours. */
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(20)
  @Nested(() => RequiredClaim)
  @UniqueNames()
  claims: RequiredClaim[];

  /** The client that the tokens act for. */
  @IsName()
  client: string;

  @IsIn(tokenRoles)
  role: TokenRole;

  /** The only PODs that the tokens are good for. Unset: all that the client may. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_PODS)
  @Matches(NAME, { each: true })
  pods?: string[];

  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;

  /** When the trust ends. Unset: does not. */
  @IsOptional()
  @IsTimestamp()
  expiresAt?: string;
}

/** Query of `GET /v1/trusts`. */
export class TrustsQuery {
  /** Only those of this client. */
  @IsOptional()
  @IsName()
  client?: string;

  /** Most entries. Default 100. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** Only those older than this one: the next page. */
  @IsOptional()
  @Matches(ULID)
  before?: string;
}

/** A trust in an issuer's tokens. `oidc:<id>` is the publisher behind them. */
export class TrustView extends NewTrustRequest {
  @Matches(ULID)
  id: string;

  @IsISO8601({ strict: true })
  createdAt: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  lastUsedAt?: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  revokedAt?: string;
}

/** Trusts, newest first, those that are over too. */
export class TrustList {
  @IsArray()
  @Nested(() => TrustView)
  trusts: TrustView[];
}
