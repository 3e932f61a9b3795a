import { Inject, Injectable } from '@nestjs/common';
import { inspectBundle, type ArtifactStore } from '@podway/artifacts';
import { PodwayError } from '@podway/contracts';
import { ArtifactRecords } from '@podway/persistence';
import { ARTIFACTS } from '../tokens.js';
import type { FileDigests } from './changed-files.js';

/** Larger bundles are not read for a plan: somebody waits for it. */
const MOST_BYTES = 2 * 1024 ** 3;
const MANIFEST = 'podway.yaml';

/** What files stored bundles hold. */
@Injectable()
export class StoredFiles {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly records: ArtifactRecords,
  ) {}

  /** All but the manifest; or why they are not known. */
  async of(client: string, artifact: string | null): Promise<FileDigests | string> {
    const stored = artifact === null ? null : await this.records.find(client, artifact);
    if (artifact === null || !stored) return 'the bundle of the current release is not stored any more';
    if (stored.bytes > MOST_BYTES) return 'the bundle of the current release is too large to be read for it';
    const files = new Map<string, string>();
    try {
      await inspectBundle(await this.store.open(artifact), {
        onFile: ({ path, sha256 }) => void files.set(path, sha256),
      });
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      return `the bundle of the current release cannot be read: ${error.message}`;
    }
    files.delete(MANIFEST);
    return files;
  }
}
