import { Readable } from 'node:stream';
import { canonicalBundle } from '@podway/artifacts';

/** A bundle of these files. */
export function bundleOf(files: Readonly<Record<string, string>>): Readable {
  const entries = Object.entries(files).map(([path, text]) => ({
    ...{ path, kind: 'file' as const },
    size: Buffer.byteLength(text),
  }));
  return canonicalBundle(entries, ({ path }) => Readable.from([Buffer.from(files[path] ?? '')]));
}
