import { Injectable } from '@nestjs/common';
import { ArtifactRecords, QuotaExceededError, Quotas, type NewArtifact } from '@podway/persistence';
import type { UploadedBundle } from '../updates/inspected-upload.js';

/** Keeps a bundle that was found good as an artifact of a client, within its quota. */
@Injectable()
export class ArtifactKeeping {
  constructor(
    private readonly records: ArtifactRecords,
    private readonly quotas: Quotas,
  ) {}

  /** @throws QuotaExceededError nothing is kept then */
  async keep(
    artifact: NewArtifact,
    { entries, files }: Pick<UploadedBundle, 'entries' | 'files'>,
    commit: () => Promise<void>,
  ): Promise<void> {
    const { files: allowed } = await this.quotas.limits(artifact.client);
    if (entries > allowed) throw new QuotaExceededError('FILES', 0, entries, allowed);
    await this.records.keep(artifact, files, commit);
  }
}
