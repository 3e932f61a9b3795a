import {
  IsArray,
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
import { NAME, SHA256 } from '../patterns.js';

/** Body of `POST /v1/signing-keys`. */
export class NewSigningKeyRequest {
  /** The client whose updates it signs. */
  @Matches(NAME)
  client: string;

  /** Public Ed25519 key in PEM (`-----BEGIN PUBLIC KEY-----`). The private one stays with the publisher. */
  @IsString()
  @MaxLength(1_000)
  publicKey: string;

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

/** A public key that signs a client's updates. */
export class SigningKeyView {
  /** SHA-256 of the public key (SPKI, DER). */
  @Matches(SHA256)
  id: string;

  @Matches(NAME)
  client: string;

  @IsString()
  publicKey: string;

  @IsOptional()
  @IsString()
  note?: string;

  @IsISO8601({ strict: true })
  createdAt: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  expiresAt?: string;

  /** Unset: in force. */
  @IsOptional()
  @IsISO8601({ strict: true })
  revokedAt?: string;
}

export class SigningKeyList {
  @IsArray()
  @Nested(() => SigningKeyView)
  signingKeys: SigningKeyView[];
}

/** What a publisher must know to sign an update of a POD. */
export class PodSigningView {
  @Matches(NAME)
  client: string;

  @Matches(NAME)
  pod: string;

  @IsIn(['required', 'optional'])
  signatures: 'required' | 'optional';

  /** Highest sequence of a signed update that was accepted; 0: none was. */
  @IsInt()
  @Min(0)
  sequence: number;
}
