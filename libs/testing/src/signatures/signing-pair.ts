import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { UpdateStatement } from '@podway/contracts';
import { signingKeyId, type KnownSigningKey } from '@podway/contracts/signatures';

/** A pair of signing keys, and the public one as Podway knows it. */
export interface SigningPair {
  readonly privateKey: KeyObject;
  readonly known: KnownSigningKey;
}

export function signingPair(client: string, changes: Partial<KnownSigningKey> = {}): SigningPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const id = signingKeyId(publicKey);
  return { privateKey, known: { id, client, publicKey: pem, expiresAt: null, revokedAt: null, ...changes } };
}

/** A good statement for POD `shop` of `acme`, for an hour from now. */
export function shopStatement(changes: Partial<UpdateStatement> = {}): UpdateStatement {
  return {
    ...{ client: 'acme', pods: ['shop'], sequence: 1 },
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    ...changes,
  };
}
