import { Inject, Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { ArtifactStore } from '@podway/artifacts';
import { refuseForbiddenChecks, type PublishQuery, type SignedStatement } from '@podway/contracts';
import { otherSize, refuseOtherContent } from '@podway/contracts/signatures';
import type { Identity, NewArtifact } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { refuseUnstorableText } from '../input/storable-text.js';
import { SignatureIntake } from '../signing/signature-intake.js';
import { ARTIFACTS } from '../tokens.js';
import { ArtifactKeeping } from '../uploads/artifact-keeping.js';
import { requestDigest, statementDigest } from './idempotency.js';
import { inspectedUpload, type UploadedBundle } from './inspected-upload.js';
import { UpdateIntake, type AdmittedUpdate, type Submission } from './update-intake.js';
import { TargetLookup } from './update-targets.js';

export interface BundleRequest {
  readonly caller: Identity;
  readonly query: PublishQuery;
  readonly body: Readable;
  readonly signed?: SignedStatement;
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
}

interface Admitted {
  readonly artifact: NewArtifact;
  readonly update: AdmittedUpdate;
}

/** Publishes an uploaded bundle. */
@Injectable()
export class BundlePublishing {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly keeping: ArtifactKeeping,
    private readonly targets: TargetLookup,
    private readonly intake: UpdateIntake,
    private readonly signatures: SignatureIntake,
    private readonly settings: IngressGatewaySettings,
  ) {}

  /** @throws PodwayError BUNDLE.*, CHECK.NOT_ALLOWED for a bundle that is refused; nothing of it is kept then. */
  async publish(request: BundleRequest): Promise<Submission> {
    let replayed: Submission | undefined;
    let admitted: Admitted | undefined;
    const statement = await this.signatures.beforeBody(request, request.query.pod);
    const signedBytes = statement?.artifact?.bytes ?? Infinity;
    const { maxBundleBytes } = this.settings;
    await inspectedUpload(request.body, {
      store: this.store,
      limits: {},
      maxBytes: Math.min(maxBundleBytes, signedBytes),
      ...(signedBytes < maxBundleBytes ? { tooLarge: () => otherSize(signedBytes) } : {}),
      whole: ({ digest: sha256, bytes }) => {
        if (statement) refuseOtherContent(statement, { artifact: { sha256, bytes } });
      },
      admit: async (bundle) => {
        const digest = requestDigest({
          kind: 'bundle',
          artifact: bundle.digest,
          ...request.query,
          statement: statementDigest(request.signed),
        });
        replayed = await this.intake.earlier(request.caller, request.idempotencyKey, digest);
        if (replayed) return false;
        admitted = await this.admitted(request, bundle, digest);
        return true;
      },
      keep: async (bundle, commit) => {
        if (admitted) await this.keeping.keep(admitted.artifact, bundle, commit);
      },
    });
    if (replayed) return replayed;
    if (!admitted) throw new TypeError('An upload that was kept was admitted');
    return this.intake.submit(admitted.update);
  }

  private async admitted(
    { caller, query, signed: given, idempotencyKey, traceparent }: BundleRequest,
    { manifest, digest: artifact, bundleBytes }: UploadedBundle,
    digest: string,
  ): Promise<Admitted> {
    refuseUnstorableText('podway.yaml', manifest);
    const targets = await this.targets.find(caller, query, manifest.target);
    for (const pod of targets.pods) refuseForbiddenChecks(pod, manifest.checks);
    const signed = await this.signatures.admitted(given, targets.pods, {
      artifact: { sha256: artifact, bytes: bundleBytes },
    });
    return {
      artifact: { client: targets.client, digest: artifact, bytes: bundleBytes, manifest },
      update: {
        caller,
        targets,
        ...(query.urgent === 'true' ? { urgent: true } : {}),
        ...(query.reason === undefined ? {} : { reason: query.reason }),
        ...(query.force === 'true' ? { force: true } : {}),
        source: { kind: 'artifact', artifact },
        label: query.label ?? `${manifest.name} ${manifest.version}`,
        digest,
        ...(signed ? { signed } : {}),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(traceparent === undefined ? {} : { traceparent }),
      },
    };
  }
}
