import { generateKeyPairSync } from 'node:crypto';

/** The public part of a new signing key, whose private part is gone. */
export function publicPart(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
