import type { Readable } from 'node:stream';

export interface StoredArtifact {
  /** SHA-256 of the content, lower-case hex: its address. */
  readonly digest: string;
  readonly bytes: number;
}

export interface ListedArtifact extends StoredArtifact {
  readonly storedAt: Date;
}

/**
 * Stored bundles, addressed by their content. Several processes may use one store at the same time.
 * Errors: ARTIFACT.NOT_FOUND, ARTIFACT.TOO_LARGE, ARTIFACT.CORRUPT, ARTIFACT.STORE_FULL and
 * ARTIFACT.STORE_UNAVAILABLE (both retryable).
 */
export interface ArtifactStore {
  /** Stores the content; when it resolves, the content survives a power cut. The same content is stored once. */
  put(content: Readable): Promise<StoredArtifact>;
  /** The content. The stream fails with ARTIFACT.CORRUPT at its end when it is no longer what was stored. */
  open(digest: string): Promise<Readable>;
  stat(digest: string): Promise<StoredArtifact | undefined>;
  /** Removes it; nothing happens when it is not there. */
  delete(digest: string): Promise<void>;
  /** All that is stored, in no order. What is put or deleted meanwhile may be missing. */
  list(): AsyncIterable<ListedArtifact>;
  /** Removes what uploads that broke off have left. Returns how many. */
  removeAbandoned(options: { olderThanMs: number }): Promise<number>;
}
