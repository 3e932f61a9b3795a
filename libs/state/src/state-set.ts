import { createHash } from 'node:crypto';

/** One member of a server's state and what proves it: `tree`, or the name of a part. */
export interface Member {
  readonly name: string;
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
}

/** Fingerprint of a whole server: the tree's where there are no parts, so that it stays what it was before parts were. */
export function setFingerprint(tree: string, parts: readonly Member[]): string {
  if (parts.length === 0) return tree;
  const lines = [{ name: 'tree', fingerprint: tree }, ...parts].map(
    ({ name, fingerprint }) => `${name}\t${fingerprint}\n`,
  );
  return createHash('sha256').update(lines.join('')).digest('hex');
}
