import { createReadStream } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import { PodwayError } from '@podway/contracts';
import type { ArtifactStore } from '@podway/artifacts';
import { Uploads, type UploadEntity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { refuseUnstorableText } from '../input/storable-text.js';
import { NotFoundError } from '../problems/api.errors.js';
import { ARTIFACTS } from '../tokens.js';
import { inspectedUpload } from '../updates/inspected-upload.js';
import { ArtifactKeeping } from './artifact-keeping.js';
import { UploadDigestError } from './upload.errors.js';
import { UploadFolder } from './upload-folder.js';

/** Makes artifacts of resumable uploads whose last byte has come. */
@Injectable()
export class FinishedUploads {
  private readonly running = new Map<string, Promise<string>>();

  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly keeping: ArtifactKeeping,
    private readonly uploads: Uploads,
    private readonly folder: UploadFolder,
    private readonly settings: IngressGatewaySettings,
  ) {}

  /**
   * Inspects the bundle and keeps it; resolves with the artifact's digest. May be called again, and several times at once.
   * @param meant the digest that the publisher named, if it did
   * @throws PodwayError when it is refused, the upload is gone; after trouble of ours it is still there
   */
  finish(upload: UploadEntity, meant?: string): Promise<string> {
    const finishing = this.running.get(upload.id) ?? this.finishOnce(upload, meant);
    this.running.set(upload.id, finishing);
    const done = (): boolean => this.running.delete(upload.id);
    finishing.then(done, done);
    return finishing;
  }

  private async finishOnce(upload: UploadEntity, meant: string | undefined): Promise<string> {
    const { id } = upload;
    const known = await this.uploads.byId(id);
    if (!known) throw new NotFoundError('upload', id);
    if (known.artifact !== null) return known.artifact;
    try {
      const digest = await this.keep(upload, meant);
      await this.folder.remove(id);
      return digest;
    } catch (error) {
      // Another gateway may have been faster.
      const now = await this.uploads.byId(id);
      if (now && now.artifact !== null) return now.artifact;
      if (error instanceof PodwayError && !error.retryable) {
        await this.uploads.remove(id);
        await this.folder.remove(id);
      }
      throw error;
    }
  }

  private async keep({ id, client }: UploadEntity, meant: string | undefined): Promise<string> {
    let digest = '';
    await inspectedUpload(createReadStream(this.folder.part(id), { highWaterMark: 256 * 1024 }), {
      store: this.store,
      limits: {},
      maxBytes: this.settings.maxBundleBytes,
      admit: async (bundle) => {
        refuseUnstorableText('podway.yaml', bundle.manifest);
        ({ digest } = bundle);
        if (meant !== undefined && meant !== digest) throw new UploadDigestError(meant, digest);
        return true;
      },
      keep: (bundle, commit) => {
        const { manifest, bundleBytes: bytes } = bundle;
        return this.keeping.keep({ client, digest, bytes, manifest, uploadId: id }, bundle, commit);
      },
    });
    return digest;
  }
}
