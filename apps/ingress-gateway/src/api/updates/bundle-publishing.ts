import { Inject, Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { ArtifactStore } from '@podway/artifacts';
import type { PublishQuery } from '@podway/contracts';
import { Updates, type ArtifactEntity, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { refuseUnstorableText } from '../input/storable-text.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { ARTIFACTS } from '../tokens.js';
import { NoTargetError } from '../problems/api.errors.js';
import { requestDigest } from './idempotency.js';
import { inspectedUpload, type UploadedBundle } from './inspected-upload.js';
import { UpdateIntake, type AdmittedUpdate, type Submission } from './update-intake.js';

export interface BundleRequest {
  readonly caller: Identity;
  readonly query: PublishQuery;
  readonly body: Readable;
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
}

interface Admitted {
  readonly artifact: ArtifactEntity;
  readonly update: AdmittedUpdate;
}

/** Publishes an uploaded bundle. */
@Injectable()
export class BundlePublishing {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly updates: Updates,
    private readonly pods: PodLookup,
    private readonly intake: UpdateIntake,
    private readonly settings: IngressGatewaySettings,
  ) {}

  /** @throws PodwayError BUNDLE.* for a bundle that is refused; nothing of it is kept then. */
  async publish(request: BundleRequest): Promise<Submission> {
    let replayed: Submission | undefined;
    let admitted: Admitted | undefined;
    await inspectedUpload(request.body, {
      store: this.store,
      limits: {},
      maxBytes: this.settings.maxBundleBytes,
      admit: async (bundle) => {
        const digest = requestDigest({
          kind: 'bundle',
          artifact: bundle.digest,
          pod: request.query.pod,
          label: request.query.label,
        });
        replayed = await this.intake.earlier(request.caller, request.idempotencyKey, digest);
        if (replayed) return false;
        admitted = await this.admitted(request, bundle, digest);
        return true;
      },
    });
    if (replayed) return replayed;
    if (!admitted) throw new TypeError('An upload that was kept was admitted');
    await this.updates.keepArtifact(admitted.artifact);
    return this.intake.submit(admitted.update);
  }

  private async admitted(
    { caller, query, idempotencyKey, traceparent }: BundleRequest,
    { manifest, digest: artifact, bundleBytes }: UploadedBundle,
    digest: string,
  ): Promise<Admitted> {
    refuseUnstorableText('podway.yaml', manifest);
    const name = query.pod ?? manifest.target?.pod;
    if (name === undefined) throw new NoTargetError();
    const { spec } = await this.pods.find(caller, name);
    return {
      artifact: {
        client: spec.client,
        digest: artifact,
        bytes: bundleBytes,
        manifest,
        createdAt: new Date(),
      },
      update: {
        caller,
        client: spec.client,
        pod: spec.name,
        source: { kind: 'artifact', artifact },
        label: query.label ?? `${manifest.name} ${manifest.version}`,
        digest,
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(traceparent === undefined ? {} : { traceparent }),
      },
    };
  }
}
