import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { SignedStatement, STATEMENT_TYPE, UpdateStatement } from './documents/update-statement.js';
import { PodwayError } from './errors.js';
import { InvalidInputError, validated } from './validation.js';

/** The request header that carries a signed statement: base64url of the envelope's JSON. */
export const SIGNATURE_HEADER = 'Podway-Signature';
/** Most characters of that header. Node takes 16 KiB of headers in all. */
export const LONGEST_SIGNATURE_HEADER = 12_000;

type Fault =
  | 'MALFORMED'
  | 'TOO_LARGE'
  | 'REQUIRED'
  | 'INVALID'
  | 'KEY_UNKNOWN'
  | 'KEY_REVOKED'
  | 'KEY_EXPIRED'
  | 'KEY_UNFIT'
  | 'EXPIRED'
  | 'EXPIRY_TOO_FAR'
  | 'OTHER_CLIENT'
  | 'OTHER_POD'
  | 'OTHER_ARTIFACT'
  | 'OTHER_SIZE'
  | 'OTHER_RELEASE'
  | 'SEQUENCE_USED'
  | 'NOT_AS_ACCEPTED';

/** The signed statement of an update is not taken. Nothing was changed. */
export class SignatureRefusedError extends PodwayError {
  constructor(fault: Fault, message: string, cause?: unknown) {
    super(`SIGNATURE.${fault}`, message, { cause });
  }
}

/** A public signing key and what is known about it. */
export interface KnownSigningKey {
  /** {@link signingKeyId} */
  readonly id: string;
  readonly client: string;
  /** PEM, SPKI. */
  readonly publicKey: string;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A public key from its PEM text. @throws SignatureRefusedError KEY_UNFIT for any but a public Ed25519 key. */
export function publicSigningKey(pem: string): KeyObject {
  // createPublicKey would take a private key too: nobody must hand one over by mistake.
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(pem)) {
    throw new SignatureRefusedError('KEY_UNFIT', 'A public key in PEM is needed: -----BEGIN PUBLIC KEY-----');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw new SignatureRefusedError('KEY_UNFIT', 'The public key cannot be read', error);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new SignatureRefusedError('KEY_UNFIT', `The key must be Ed25519, not ${key.asymmetricKeyType}`);
  }
  return key;
}

/** Id of a pair of signing keys: SHA-256 of its public part (SPKI, DER), lower-case hex. */
export function signingKeyId(key: KeyObject): string {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** What is signed in place of the payload: DSSE's pre-authentication encoding. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Signs a statement with one key or several. */
export function signStatement(statement: UpdateStatement, ...keys: readonly KeyObject[]): SignedStatement {
  const payload = Buffer.from(JSON.stringify(statement));
  const encoded = preAuthenticationEncoding(STATEMENT_TYPE, payload);
  return Object.assign(new SignedStatement(), {
    payloadType: STATEMENT_TYPE,
    payload: payload.toString('base64'),
    signatures: keys.map((key) => ({
      keyid: signingKeyId(key),
      sig: sign(null, encoded, key).toString('base64'),
    })),
  });
}

/** A signed statement as the value of {@link SIGNATURE_HEADER}. */
export function signatureHeader(signed: SignedStatement): string {
  return Buffer.from(JSON.stringify(signed)).toString('base64url');
}

/** Reads the value of {@link SIGNATURE_HEADER}. Nothing of it is proved yet. */
export function readSignatureHeader(header: string): SignedStatement {
  if (header.length > LONGEST_SIGNATURE_HEADER) {
    throw new SignatureRefusedError(
      'TOO_LARGE',
      `${SIGNATURE_HEADER} is longer than ${LONGEST_SIGNATURE_HEADER} characters`,
    );
  }
  const bytes = Buffer.from(header, 'base64url');
  if (bytes.toString('base64url') !== header) throw malformed(`${SIGNATURE_HEADER} is not base64url`);
  return parsed(SignedStatement, bytes, 'The envelope');
}

export interface StatementRules {
  /** Client of the PODs. A key of another client looks the same as one that is not known. */
  readonly client: string;
  /** Keys that the envelope names, as far as they are known. */
  readonly keys: readonly KnownSigningKey[];
  readonly now: Date;
  /** Longest time from now to the statement's expiry, in milliseconds. */
  readonly maxLifetimeMs: number;
}

/**
 * The statement in an envelope, after all that can be proved without the update itself: every signature, by a key of the
 * client that is in force, the client, and the expiry.
 * @throws SignatureRefusedError
 */
export function provedStatement(signed: SignedStatement, rules: StatementRules): UpdateStatement {
  const { payloadType, payload, signatures } = validatedEnvelope(signed);
  const bytes = base64Bytes(payload, 'payload');
  const encoded = preAuthenticationEncoding(payloadType, bytes);
  if (new Set(signatures.map(({ keyid }) => keyid)).size < signatures.length) {
    throw malformed('A key has signed twice');
  }
  for (const { keyid, sig } of signatures) {
    const key = keyInForce(keyid, rules);
    if (!verify(null, encoded, publicSigningKey(key.publicKey), base64Bytes(sig, 'sig'))) {
      throw new SignatureRefusedError('INVALID', 'A signature is not that of its key over this statement');
    }
  }
  // Only now is what it says looked at: it is what the keys' holders have said.
  const statement = parsed(UpdateStatement, bytes, 'The statement');
  if (statement.client !== rules.client) {
    throw new SignatureRefusedError(
      'OTHER_CLIENT',
      `The statement is for client ${statement.client}, not for ${rules.client}`,
    );
  }
  refuseOutOfTime(statement, rules);
  return statement;
}

/** @throws SignatureRefusedError when the statement is not for this POD. */
export function refuseOtherPod(statement: UpdateStatement, pod: string): void {
  if (statement.pods.includes(pod)) return;
  throw new SignatureRefusedError(
    'OTHER_POD',
    `The statement is for ${statement.pods.join(', ')}, not for ${pod}`,
  );
}

/**
 * The PODs that a statement names, before anything of it is proved: to look up whose keys may have signed it, and for
 * nothing else.
 */
export function claimedPods({ payload }: SignedStatement): readonly string[] {
  return parsed(UpdateStatement, base64Bytes(payload, 'payload'), 'The statement').pods;
}

/** What an update brings: the bytes of an artifact, or a kept release. */
export type UpdateContent =
  | { readonly artifact: { readonly sha256: string; readonly bytes: number } }
  | { readonly release: { readonly number: number; readonly fingerprint: string } };

/** @throws SignatureRefusedError when the statement is about another artifact or release than this. */
export function refuseOtherContent(statement: UpdateStatement, content: UpdateContent): void {
  if ('release' in content) {
    const { release } = statement;
    const { number, fingerprint } = content.release;
    if (release?.number === number && release.fingerprint === fingerprint) return;
    throw new SignatureRefusedError(
      'OTHER_RELEASE',
      `The statement is not for release ${number} as it is kept`,
    );
  }
  const { sha256, bytes } = content.artifact;
  if (statement.artifact && statement.artifact.bytes !== bytes) {
    throw otherSize(statement.artifact.bytes);
  }
  if (statement.artifact?.sha256 !== sha256) {
    throw new SignatureRefusedError('OTHER_ARTIFACT', `The statement is not for the artifact ${sha256}`);
  }
}

/** The artifact is longer or shorter than the size that was signed. */
export function otherSize(signedBytes: number): SignatureRefusedError {
  return new SignatureRefusedError('OTHER_SIZE', `The statement is for an artifact of ${signedBytes} bytes`);
}

function validatedEnvelope(signed: SignedStatement): SignedStatement {
  try {
    return validated(SignedStatement, { ...signed }, { strict: true, subject: 'The envelope' });
  } catch (error) {
    throw malformed(error instanceof InvalidInputError ? error.message : 'The envelope is not valid', error);
  }
}

function keyInForce(keyid: string, { client, keys, now }: StatementRules): KnownSigningKey {
  const key = keys.find((one) => one.id === keyid && one.client === client);
  if (!key) throw unknownKey();
  if (key.revokedAt) throw new SignatureRefusedError('KEY_REVOKED', `The signing key ${keyid} is revoked`);
  if (key.expiresAt && key.expiresAt <= now) {
    throw new SignatureRefusedError('KEY_EXPIRED', `The signing key ${keyid} has expired`);
  }
  return key;
}

function unknownKey(): SignatureRefusedError {
  return new SignatureRefusedError('KEY_UNKNOWN', 'A signature is by a key that this client does not have');
}

function refuseOutOfTime({ expiresAt }: UpdateStatement, { now, maxLifetimeMs }: StatementRules): void {
  const left = Date.parse(expiresAt) - now.getTime();
  if (!(left > 0)) throw new SignatureRefusedError('EXPIRED', `The statement has expired at ${expiresAt}`);
  if (left > maxLifetimeMs) {
    throw new SignatureRefusedError(
      'EXPIRY_TOO_FAR',
      `The statement expires at ${expiresAt}; at most ${maxLifetimeMs} ms from now are taken`,
    );
  }
}

function parsed<T extends object>(type: new () => T, bytes: Uint8Array, subject: string): T {
  let plain: unknown;
  try {
    plain = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw malformed(`${subject} is not JSON`, error);
  }
  try {
    return validated(type, plain, { strict: true, subject });
  } catch (error) {
    throw malformed(error instanceof InvalidInputError ? error.message : `${subject} is not valid`, error);
  }
}

// DSSE takes both alphabets. Each text of ours stands for its bytes alone: no second spelling of the same.
function base64Bytes(text: string, place: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const standard = bytes.toString('base64');
  if (text === standard || text === standard.replaceAll('+', '-').replaceAll('/', '_')) return bytes;
  throw malformed(`${place} is not base64`);
}

function malformed(message: string, cause?: unknown): SignatureRefusedError {
  return new SignatureRefusedError('MALFORMED', message, cause);
}
