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
import { IsName, IsTimestamp, Nested } from '../forms.js';
import { NAME, ULID } from '../patterns.js';
import { Rule, type Unchecked } from '../rules.js';
import { MOST_PODS } from './keys.js';
import { podRights, type PodRight } from './roles.js';

/** Id of a publisher: an API key's, or `oidc:<id>` of a trust. */
export const PUBLISHER_ID = /^([a-z0-9]{12}|oidc:[0-9A-HJKMNP-TV-Z]{26})$/;

/** Exactly one of the two that can be the third party. */
const oneThirdParty = (body: Unchecked<NewDelegationRequest>): string | undefined =>
  (body.toClient === undefined) === (body.toKey === undefined)
    ? 'give exactly one of toClient and toKey'
    : undefined;

/** Body of `POST /v1/delegations`: lets a third party act on some PODs of a client for a time. */
export class NewDelegationRequest {
  /** Whose PODs they are. */
  @IsName()
  @Rule<NewDelegationRequest>(oneThirdParty, { oneOf: [{ required: ['toClient'] }, { required: ['toKey'] }] })
  client: string;

  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_PODS)
  @Matches(NAME, { each: true })
  pods: string[];

  /** The third party: all publishers of this client, each within its own role. */
  @IsOptional()
  @IsName()
  toClient?: string;

  /** The third party: this publisher alone, within its own role. A key's id, or `oidc:<id>` of a trust. */
  @IsOptional()
  @Matches(PUBLISHER_ID)
  toKey?: string;

  /** What they may do there. Seeing is always part of it. */
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(3)
  @IsIn(podRights, { each: true })
  rights: PodRight[];

  /** Default: now. */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  @IsTimestamp()
  until: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;
}

/** Query of `GET /v1/delegations`. */
export class DelegationsQuery {
  /** Only those of this client, on either side. */
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

/** A third party's leave to act on some PODs. */
export class DelegationView {
  @Matches(ULID)
  id: string;

  /** Whose PODs they are. */
  @Matches(NAME)
  client: string;

  @IsArray()
  @Matches(NAME, { each: true })
  pods: string[];

  @IsOptional()
  @Matches(NAME)
  toClient?: string;

  @IsOptional()
  @Matches(PUBLISHER_ID)
  toKey?: string;

  @IsArray()
  @IsIn(podRights, { each: true })
  rights: PodRight[];

  @IsISO8601({ strict: true })
  from: string;

  @IsISO8601({ strict: true })
  until: string;

  @IsOptional()
  @IsString()
  note?: string;

  @IsISO8601({ strict: true })
  createdAt: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  revokedAt?: string;
}

/** Delegations, newest first, those that are over too. */
export class DelegationList {
  @IsArray()
  @Nested(() => DelegationView)
  delegations: DelegationView[];
}
