/** How large a bundle may be. */
export interface BundleLimits {
  /** Files, folders and links. Default 200000. */
  readonly maxEntries: number;
  /** Bytes of all files together, unpacked. Default 8 GiB. */
  readonly maxBytes: number;
  /** Unpacked bytes for each packed one, judged from the first 16 MiB on. Default 250. */
  readonly maxRatio: number;
  /** Folders within each other. Default 64. */
  readonly maxDepth: number;
  /** Bytes of one path and of one link target. Default 1024. */
  readonly maxPathBytes: number;
  /** Bytes of one name in a path. Default 255, what file systems take. */
  readonly maxNameBytes: number;
  /** Bytes of `podway.yaml`. Default 64 KiB. */
  readonly maxManifestBytes: number;
}

export const defaultBundleLimits: BundleLimits = {
  maxEntries: 200_000,
  maxBytes: 8 * 1024 ** 3,
  maxRatio: 250,
  maxDepth: 64,
  maxPathBytes: 1024,
  maxNameBytes: 255,
  maxManifestBytes: 64 * 1024,
};
