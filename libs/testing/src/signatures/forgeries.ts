import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  STATEMENT_TYPE,
  type SignedArtifact,
  type SignedStatement,
  type UpdateStatement,
} from '@podway/contracts';
import { preAuthenticationEncoding, signStatement } from '@podway/contracts/signatures';
import { shopStatement, signingPair, type SigningPair } from './signing-pair.js';

/** What forgers have to work with: POD `shop` of client `acme`, whose key is `own`, and the bytes that are sent. */
export interface ForgeryScene {
  readonly own: SigningPair;
  readonly second: SigningPair;
  readonly revoked: SigningPair;
  readonly expired: SigningPair;
  readonly rival: SigningPair;
  readonly artifact: SignedArtifact;
  /** Longest lifetime of a statement that is taken. */
  readonly maxLifetimeMs: number;
}

export function forgeryScene(artifact: SignedArtifact, maxLifetimeMs: number): ForgeryScene {
  const past = new Date(Date.now() - 60_000);
  return {
    own: signingPair('acme'),
    second: signingPair('acme'),
    revoked: signingPair('acme', { revokedAt: past }),
    expired: signingPair('acme', { expiresAt: past }),
    rival: signingPair('rival'),
    artifact,
    maxLifetimeMs,
  };
}

interface Forgery {
  readonly name: string;
  readonly code: string;
  readonly make: (scene: ForgeryScene) => SignedStatement;
}

const fromNow = (ms: number): string => new Date(Date.now() + ms).toISOString();
const other = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);

/** A statement that is good but for these changes, signed by `own`. */
function stated(changes: (scene: ForgeryScene) => Partial<UpdateStatement>): Forgery['make'] {
  return (scene) =>
    signStatement(shopStatement({ artifact: scene.artifact, ...changes(scene) }), scene.own.privateKey);
}

function signedBy(...keys: ((scene: ForgeryScene) => KeyObject)[]): Forgery['make'] {
  return (scene) =>
    signStatement(shopStatement({ artifact: scene.artifact }), ...keys.map((key) => key(scene)));
}

/** A good envelope that was changed afterwards. */
function changed(change: (good: SignedStatement, scene: ForgeryScene) => object): Forgery['make'] {
  return (scene) => {
    const good = signStatement(shopStatement({ artifact: scene.artifact }), scene.own.privateKey);
    return { ...good, ...change(good, scene) } as SignedStatement;
  };
}

/** An envelope around any payload, signed by `own` over `encoded`. */
function enveloped(
  { own }: ForgeryScene,
  payload: Buffer,
  encoded = preAuthenticationEncoding(STATEMENT_TYPE, payload),
): SignedStatement {
  const sig = sign(null, encoded, own.privateKey).toString('base64');
  const signatures = [{ keyid: own.known.id, sig }];
  return { payloadType: STATEMENT_TYPE, payload: payload.toString('base64'), signatures };
}

const good = ({ artifact }: ForgeryScene): Buffer => Buffer.from(JSON.stringify(shopStatement({ artifact })));
const withSig = (scene: ForgeryScene, sig: Buffer): object => ({
  signatures: [{ keyid: scene.own.known.id, sig: sig.toString('base64') }],
});

/** Signed statements that must be refused, each for a reason of its own. https://theupdateframework.io/security */
// prettier-ignore
export const forgeries: readonly Forgery[] = [
  { name: 'signed by another key in the name of a good one', code: 'SIGNATURE.INVALID',
    make: changed((_, scene) => ({ signatures: signStatement(shopStatement({ artifact: scene.artifact }), signingPair('acme').privateKey).signatures.map(({ sig }) => ({ keyid: scene.own.known.id, sig })) })) },
  { name: 'signed by an unknown key', code: 'SIGNATURE.KEY_UNKNOWN', make: signedBy(() => signingPair('acme').privateKey) },
  { name: 'signed by a revoked key', code: 'SIGNATURE.KEY_REVOKED', make: signedBy((s) => s.revoked.privateKey) },
  { name: 'signed by a key that has expired', code: 'SIGNATURE.KEY_EXPIRED', make: signedBy((s) => s.expired.privateKey) },
  { name: 'signed by a key of another client', code: 'SIGNATURE.KEY_UNKNOWN', make: signedBy((s) => s.rival.privateKey) },
  { name: 'in the name of a key of another client', code: 'SIGNATURE.KEY_UNKNOWN',
    make: changed(({ signatures }, { rival }) => ({ signatures: [{ keyid: rival.known.id, sig: signatures[0]?.sig }] })) },
  { name: 'expired: a freeze attack', code: 'SIGNATURE.EXPIRED', make: stated(() => ({ expiresAt: fromNow(-1) })) },
  { name: 'good for longer than is taken', code: 'SIGNATURE.EXPIRY_TOO_FAR', make: stated((s) => ({ expiresAt: fromNow(s.maxLifetimeMs + 60_000) })) },
  { name: 'for another POD', code: 'SIGNATURE.OTHER_POD', make: stated(() => ({ pods: ['blog', 'shop2'] })) },
  { name: 'for another client', code: 'SIGNATURE.OTHER_CLIENT', make: stated(() => ({ client: 'rival' })) },
  { name: 'for another client, by its own key', code: 'SIGNATURE.KEY_UNKNOWN',
    make: ({ artifact, rival }) => signStatement(shopStatement({ client: 'rival', artifact }), rival.privateKey) },
  { name: 'for another artifact of the same size', code: 'SIGNATURE.OTHER_ARTIFACT', make: stated(({ artifact }) => ({ artifact: { ...artifact, sha256: other(artifact.sha256) } })) },
  { name: 'for fewer bytes: endless data', code: 'SIGNATURE.OTHER_SIZE', make: stated(({ artifact }) => ({ artifact: { ...artifact, bytes: artifact.bytes - 1 } })) },
  { name: 'for more bytes: cut short', code: 'SIGNATURE.OTHER_SIZE', make: stated(({ artifact }) => ({ artifact: { ...artifact, bytes: artifact.bytes + 1 } })) },
  { name: 'for a release, with a bundle', code: 'SIGNATURE.OTHER_ARTIFACT', make: stated(() => ({ artifact: undefined, release: { number: 1, fingerprint: 'f'.repeat(64) } })) },
  { name: 'with another payload under the signature', code: 'SIGNATURE.INVALID',
    make: changed((_, { artifact }) => ({ payload: Buffer.from(JSON.stringify(shopStatement({ artifact, sequence: 99 }))).toString('base64') })) },
  { name: 'with a second signature that is wrong', code: 'SIGNATURE.INVALID',
    make: changed(({ signatures }, { second }) => ({ signatures: [...signatures, { keyid: second.known.id, sig: signatures[0]?.sig }] })) },
  { name: 'with a second signature by an unknown key', code: 'SIGNATURE.KEY_UNKNOWN', make: signedBy((s) => s.own.privateKey, () => signingPair('acme').privateKey) },
  { name: 'with two signatures by one key', code: 'SIGNATURE.MALFORMED', make: signedBy((s) => s.own.privateKey, (s) => s.own.privateKey) },
  { name: 'with another payload type', code: 'SIGNATURE.MALFORMED', make: changed(() => ({ payloadType: 'application/vnd.in-toto+json' })) },
  { name: 'signed under another payload type', code: 'SIGNATURE.INVALID', make: (s) => enveloped(s, good(s), preAuthenticationEncoding('application/json', good(s))) },
  { name: 'signed without the encoding', code: 'SIGNATURE.INVALID', make: (s) => enveloped(s, good(s), good(s)) },
  { name: 'with an RSA signature: algorithm confusion', code: 'SIGNATURE.INVALID',
    make: changed(({ payload }, s) => withSig(s, sign('sha256', preAuthenticationEncoding(STATEMENT_TYPE, Buffer.from(payload, 'base64')), rsa()).subarray(0, 64))) },
  { name: 'with an HMAC by the public key: algorithm confusion', code: 'SIGNATURE.INVALID',
    make: changed(({ payload }, s) => withSig(s, createHmac('sha512', s.own.known.publicKey).update(preAuthenticationEncoding(STATEMENT_TYPE, Buffer.from(payload, 'base64'))).digest())) },
  { name: 'with an empty signature', code: 'SIGNATURE.MALFORMED', make: changed((_, s) => withSig(s, Buffer.alloc(0))) },
  { name: 'with a signature that is too short', code: 'SIGNATURE.INVALID', make: changed((_, s) => withSig(s, Buffer.alloc(63))) },
  { name: 'without signatures', code: 'SIGNATURE.MALFORMED', make: changed(() => ({ signatures: [] })) },
  { name: 'with more in the envelope', code: 'SIGNATURE.MALFORMED', make: changed(() => ({ more: 1 })) },
  { name: 'with more in the statement', code: 'SIGNATURE.MALFORMED', make: (s) => enveloped(s, Buffer.from(JSON.stringify({ ...shopStatement({ artifact: s.artifact }), more: 1 }))) },
  { name: 'without an expiry', code: 'SIGNATURE.MALFORMED', make: stated(() => ({ expiresAt: undefined as never })) },
  { name: 'without content', code: 'SIGNATURE.MALFORMED', make: stated(() => ({ artifact: undefined })) },
  { name: 'with a sequence of 0', code: 'SIGNATURE.MALFORMED', make: stated(() => ({ sequence: 0 })) },
  { name: 'with a payload that is not JSON', code: 'SIGNATURE.MALFORMED', make: (s) => enveloped(s, Buffer.from('shop')) },
  { name: 'with a payload that is not UTF-8', code: 'SIGNATURE.MALFORMED', make: (s) => enveloped(s, Buffer.from([0x7b, 0xff, 0x7d])) },
  { name: 'with a payload that is a list', code: 'SIGNATURE.MALFORMED', make: (s) => enveloped(s, Buffer.from('[]')) },
  { name: 'with a payload in a second spelling', code: 'SIGNATURE.MALFORMED', make: changed(({ payload }) => ({ payload: payload.replace(/=*$/, '') + '====' })) },
  { name: 'with a huge payload', code: 'SIGNATURE.MALFORMED', make: changed(() => ({ payload: 'A'.repeat(12_004) })) },
];

let rsaKey: KeyObject | undefined;
/** Any RSA key: it takes a while to make. */
export function rsa(): KeyObject {
  return (rsaKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
}

/** Public parts that must not become signing keys. */
export function unfitPublicKeys(): readonly (readonly [name: string, pem: string])[] {
  const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
  const pairs = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('x25519')];
  const { privateKey } = generateKeyPairSync('ed25519');
  return [
    ['RSA', spki(createPublicKey(rsa()))],
    ['P-256', spki(pairs[0]?.publicKey as KeyObject)],
    ['X25519', spki(pairs[1]?.publicKey as KeyObject)],
    ['private', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
    ['empty', ''],
  ];
}
