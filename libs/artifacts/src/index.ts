export type { ArtifactStore, StoredArtifact } from './artifact-store.js';
export { DirectoryArtifactStore, type DirectoryArtifactStoreOptions } from './directory-artifact-store.js';
export * from './artifact.errors.js';
export { BundleRefusedError, type BundleFault } from './bundle.errors.js';
export { defaultBundleLimits, type BundleLimits } from './bundle-limits.js';
export { inspectBundle, type BundleInspection, type InspectBundleOptions } from './inspect-bundle.js';
export {
  bundleStream,
  componentStream,
  type ComponentStreamOptions,
  type KnownFiles,
} from './component-stream.js';
