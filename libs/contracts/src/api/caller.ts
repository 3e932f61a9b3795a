import { IsArray, IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { Nested } from '../forms.js';
import { NAME } from '../patterns.js';
import { keyRoles, rights, type KeyRole, type Right } from './roles.js';

/** What somebody may do with PODs of one client. */
export class ScopeView {
  /** `*`: of every client. */
  @IsString()
  client: string;

  /** Unset: with all PODs of the client. */
  @IsOptional()
  @IsArray()
  @Matches(NAME, { each: true })
  pods?: string[];

  @IsArray()
  @IsIn(rights, { each: true })
  rights: Right[];
}

/** Who asks, and what that one may do. */
export class CallerView {
  /** Id of the credential, never its secret. */
  @IsString()
  credential: string;

  /** `*` for people of the hosting service. */
  @IsString()
  client: string;

  @IsIn(keyRoles)
  role: KeyRole;

  /** Its own rights, and what was delegated to it. */
  @IsArray()
  @Nested(() => ScopeView)
  scopes: ScopeView[];
}
