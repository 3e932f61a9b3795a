import { IsIn, IsISO8601, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

export const keyRoles = ['viewer', 'publisher', 'operator', 'admin'] as const;
/** viewer reads; publisher also publishes and aborts; operator also acts for the hosting service; admin also changes inventory and keys. */
export type KeyRole = (typeof keyRoles)[number];

/** Body of `POST /v1/keys`. */
export class NewKeyRequest {
  /** The client whose key it is; `*` for people of the hosting service, who see all clients. */
  @Matches(/^(\*|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$/)
  client: string;

  /** operator and admin are roles of the hosting service: their client is `*`. */
  @IsIn(keyRoles)
  role: KeyRole;

  /** For people: whose it is, what for. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;

  /** RFC 3339. Unset: does not expire. */
  @IsOptional()
  @IsISO8601({ strict: true })
  expiresAt?: string;
}

/** A new key. The only time that its text is shown. */
export class NewKeyView {
  @Matches(/^[a-z0-9]{12}$/)
  id: string;

  /** `pw_<id>_<secret>`. It cannot be had again. */
  @IsString()
  key: string;

  @IsString()
  client: string;

  @IsIn(keyRoles)
  role: KeyRole;
}
