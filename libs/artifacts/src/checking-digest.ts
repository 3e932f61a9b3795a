import { createHash, type Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import { ArtifactCorruptError } from './artifact.errors.js';

/** Passes everything on and fails at the end with ARTIFACT.CORRUPT when it was not what the digest says. */
export function checkingDigest(digest: string): Transform {
  const hash: Hash = createHash('sha256');
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const found = hash.digest('hex');
      done(found === digest ? null : new ArtifactCorruptError(digest, found));
    },
  });
}
