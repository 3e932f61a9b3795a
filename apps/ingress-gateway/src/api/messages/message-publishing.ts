import { Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import {
  InvalidInputError,
  readPublishUpdate,
  SignedStatement,
  validated,
  type ClientEnvelope,
  type PublishQuery,
  type PublishUpdate,
} from '@podway/contracts';
import { SignatureRefusedError } from '@podway/contracts/signatures';
import { Quotas, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { refuseUnstorableText } from '../input/storable-text.js';
import { ArtifactPublishing } from '../updates/artifact-publishing.js';
import { BundlePublishing } from '../updates/bundle-publishing.js';
import { GoingBack, type GoBackOptions } from '../updates/going-back.js';
import { bundleTooLarge } from '../updates/inspected-upload.js';
import type { Submission } from '../updates/update-intake.js';

/** The way from a client's message to the same use cases that HTTP has. */
@Injectable()
export class MessagePublishing {
  constructor(
    private readonly bundles: BundlePublishing,
    private readonly artifacts: ArtifactPublishing,
    private readonly goingBack: GoingBack,
    private readonly quotas: Quotas,
    private readonly settings: IngressGatewaySettings,
  ) {}

  /** @throws PodwayError as over HTTP, for what is refused. */
  async publish(envelope: ClientEnvelope, caller: Identity): Promise<Submission> {
    await this.quotas.takeToken(caller.client);
    const update = readPublishUpdate(envelope.data);
    refuseUnstorableText('data', update);
    const { traceparent } = envelope;
    const { signature } = update;
    const options: GoBackOptions = {
      caller,
      idempotencyKey: update.idempotencyKey ?? envelope.id,
      ...(signature === undefined ? {} : { signed: statementIn(signature) }),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const query = queryOf(update);
    const { bundle, artifact, release } = update;
    if (bundle !== undefined) return this.bundles.publish({ ...options, query, body: this.bytesOf(bundle) });
    if (artifact !== undefined) return this.artifacts.publish({ ...query, artifact }, options);
    const { pod = '', label, reason, force } = query;
    const number = release === 'previous' ? undefined : release;
    return this.goingBack.publish(
      {
        pod,
        ...(number === undefined ? {} : { release: number }),
        ...(label === undefined ? {} : { label }),
        ...(reason === undefined ? {} : { reason }),
        ...(force === 'true' ? { force: true } : {}),
      },
      options,
    );
  }

  private bytesOf(bundle: string): Readable {
    const most = this.settings.inlineBundleBytes;
    const bytes = Buffer.from(bundle, 'base64');
    if (bytes.length > most) throw bundleTooLarge(most);
    return Readable.from(bytes.length === 0 ? [] : [bytes]);
  }
}

/** The envelope, of the declared form; what it says is proved later. */
function statementIn(signature: object): SignedStatement {
  try {
    return validated(SignedStatement, signature, { strict: true, subject: 'The envelope' });
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new SignatureRefusedError('MALFORMED', error.message, error);
  }
}

function queryOf({ target = {}, label, reason, force }: PublishUpdate): PublishQuery {
  const { pods, ...rest } = target;
  return {
    ...rest,
    ...(pods === undefined ? {} : { pods: pods.join(',') }),
    ...(label === undefined ? {} : { label }),
    ...(reason === undefined ? {} : { reason }),
    ...(force === true ? { force: 'true' } : {}),
  };
}
