import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { ArtifactStore } from '@podway/artifacts';
import type { CollectionView } from '@podway/contracts';
import { ArtifactCollection, Uploads } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { ARTIFACTS, LOGGER } from '../tokens.js';
import { UploadFolder } from '../uploads/upload-folder.js';

/** Younger bytes without a record may belong to an upload that ends at this moment on a slow store. */
const ORPHAN_MS = 3_600_000;
/** What broke off and was not touched for so long is not taken up again. */
const ABANDONED_MS = 86_400_000;
/** Digests in one question to the database. */
const BATCH = 1_000;

/** Removes what nothing needs any more: in one gateway at a time, every now and then. */
@Injectable()
export class ArtifactCollector implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly collection: ArtifactCollection,
    private readonly uploads: Uploads,
    private readonly folder: UploadFolder,
    private readonly settings: IngressGatewaySettings,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.collect({ dryRun: false }).then(
        ({ artifacts, orphans, uploads }) => {
          if (artifacts.length + orphans + uploads > 0)
            this.logger.info({ artifacts: artifacts.length, orphans, uploads }, 'collected');
        },
        (error: unknown) => this.logger.warn({ err: error }, 'artifacts could not be collected'),
      );
    }, this.settings.collectEveryMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  async collect({ dryRun }: { dryRun: boolean }): Promise<CollectionView> {
    const unusedSince = new Date(Date.now() - this.settings.artifactRetentionMs);
    if (dryRun) {
      const artifacts = await this.collection.candidates(unusedSince);
      return { dryRun, busy: false, artifacts, orphans: 0, uploads: await this.uploads.countExpired() };
    }
    const done = await this.collection.alone(async () => {
      const expired = await this.uploads.removeExpired();
      for (const id of expired) await this.folder.remove(id);
      await this.folder.removeUnknown((ids) => this.uploads.unknown(ids), ABANDONED_MS);
      const artifacts = await this.collection.forget(unusedSince);
      for (const digest of new Set(artifacts.map((one) => one.digest))) await this.removeBytes(digest);
      const orphans = await this.removeOrphans();
      await this.store.removeAbandoned({ olderThanMs: ABANDONED_MS });
      return { dryRun, busy: false, artifacts, orphans, uploads: expired.length };
    });
    return done ?? { dryRun, busy: true, artifacts: [], orphans: 0, uploads: 0 };
  }

  private removeBytes(digest: string): Promise<boolean> {
    return this.collection.removeBytes(digest, () => this.store.delete(digest));
  }

  /** Bytes that a killed process has left without a record. */
  private async removeOrphans(): Promise<number> {
    let removed = 0;
    let batch: string[] = [];
    const look = async (): Promise<void> => {
      for (const digest of await this.collection.unrecorded(batch)) {
        if (await this.removeBytes(digest)) removed += 1;
      }
      batch = [];
    };
    for await (const { digest, storedAt } of this.store.list()) {
      if (Date.now() - storedAt.getTime() >= ORPHAN_MS) batch.push(digest);
      if (batch.length === BATCH) await look();
    }
    await look();
    return removed;
  }
}
