import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  Equals,
  IsArray,
  IsInt,
  IsOptional,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsName, IsTimestamp, Nested } from '../forms.js';
import { SHA256 } from '../patterns.js';
import { Rule, type Unchecked } from '../rules.js';

/** What a signed statement is called in its envelope. */
export const STATEMENT_TYPE = 'application/vnd.podway.update.v1+json';

/** The bytes that are signed for: no more, no less and no others. */
export class SignedArtifact {
  @Matches(SHA256)
  sha256: string;

  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  bytes: number;
}

/** The kept release that is signed for. */
export class SignedRelease {
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  number: number;

  @Matches(SHA256)
  fingerprint: string;
}

function contentProblem({ artifact, release, pods }: Unchecked<UpdateStatement>): string | undefined {
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  if (isSet(artifact) === isSet(release)) return 'the statement must have one of artifact and release';
  if (isSet(release) && Array.isArray(pods) && pods.length > 1)
    return 'a release is one of a single POD: name one POD';
  return undefined;
}

/** What a publisher signs about an update. The JSON of it is the payload of a {@link SignedStatement}. */
export class UpdateStatement {
  /** Client of the PODs. */
  @IsName()
  @Rule(contentProblem, { oneOf: [{ required: ['artifact'] }, { required: ['release'] }] })
  client: string;

  /** The PODs that the update is for. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsName({ each: true })
  pods: string[];

  /** Must be higher than that of every signed update that the POD has accepted. */
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  sequence: number;

  /** From then on the statement is worth nothing. */
  @IsTimestamp()
  expiresAt: string;

  @IsOptional()
  @Nested(() => SignedArtifact, { optional: true })
  artifact?: SignedArtifact;

  @IsOptional()
  @Nested(() => SignedRelease, { optional: true })
  release?: SignedRelease;
}

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** One signature over a statement. */
export class StatementSignature {
  /** Id of the signing key: SHA-256 of its public part (SPKI, DER). */
  @Matches(SHA256)
  keyid: string;

  /** Ed25519 (RFC 8032), base64. */
  @Matches(BASE64)
  @MaxLength(100)
  sig: string;
}

/** A signed {@link UpdateStatement}: an envelope of DSSE 1.0. https://github.com/secure-systems-lab/dsse */
export class SignedStatement {
  @Equals(STATEMENT_TYPE)
  payloadType: string;

  /** The statement's JSON, base64. */
  @Matches(BASE64)
  @MaxLength(12_000)
  payload: string;

  /** Each must be right. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(8)
  @Nested(() => StatementSignature)
  signatures: StatementSignature[];
}
