export type { ArtifactStore, ListedArtifact, StoredArtifact } from './artifact-store.js';
export { DirectoryArtifactStore, type DirectoryArtifactStoreOptions } from './directory-artifact-store.js';
export { S3ArtifactStore, type S3ArtifactStoreOptions } from './s3-artifact-store.js';
export * from './artifact.errors.js';
export { BundleRefusedError, type BundleFault } from './bundle.errors.js';
export { defaultBundleLimits, type BundleLimits } from './bundle-limits.js';
export {
  inspectBundle,
  inspectSource,
  judgeComponents,
  judgeEntries,
  type BundleInspection,
  type InspectBundleOptions,
  type InspectedFile,
} from './inspect-bundle.js';
export { bundleFile } from './bundle-file.js';
export { canonicalBundle, type CanonicalEntry } from './canonical-bundle.js';
export { receivedContents, readFilesOf, FileSpool } from './file-spool.js';
export {
  bundleStream,
  componentStream,
  type ComponentStreamOptions,
  type KnownFiles,
} from './component-stream.js';
