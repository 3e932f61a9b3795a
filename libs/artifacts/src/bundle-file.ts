import { readBundle } from './bundle-reader.js';
import { BundleRefusedError } from './bundle.errors.js';
import { defaultBundleLimits } from './bundle-limits.js';
import type { ArtifactStore } from './artifact-store.js';

/** Largest file that is read as a whole: 64 MiB. */
const MAX_BYTES = 64 * 1024 * 1024;

/** One file of a stored bundle. @throws BundleRefusedError it is not there, or too large */
export async function bundleFile(store: ArtifactStore, digest: string, path: string): Promise<Buffer> {
  const source = await store.open(digest);
  for await (const entry of readBundle(source, defaultBundleLimits)) {
    if (entry.path !== path || entry.kind !== 'file') continue;
    if (entry.size > MAX_BYTES) throw new BundleRefusedError('TOO_LARGE', { at: path });
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry.content) chunks.push(chunk);
    source.destroy();
    return Buffer.concat(chunks);
  }
  throw new BundleRefusedError('FILE_MISSING', { at: path });
}
