import { Controller, Headers, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  GoBackRequest,
  InvalidInputError,
  PublishQuery,
  TRACEPARENT,
  ULID,
  UpdateView,
  validated,
} from '@podway/contracts';
import { readSignatureHeader, SIGNATURE_HEADER } from '@podway/contracts/signatures';
import { Updates, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { Endpoint } from '../endpoint.js';
import { Caller, sees } from '../identity/caller.js';
import { JSON_LIMIT_BYTES, QueryOf } from '../input/input.pipes.js';
import { mediaTypeOf, readJson, refuseContentEncoding } from '../input/read-json.js';
import { BadRequestError, NotFoundError } from '../problems/api.errors.js';
import { ArtifactPublishing } from './artifact-publishing.js';
import { BundlePublishing } from './bundle-publishing.js';
import { GoingBack, type GoBackOptions } from './going-back.js';
import { idempotencyKeyOf } from './idempotency.js';
import { bundleTooLarge } from './inspected-upload.js';
import { updateView } from './update.view.js';
import type { Submission } from './update-intake.js';

const BUNDLE_TYPES = ['application/gzip', 'application/x-tar', 'application/octet-stream'];

/** FIG. 2, 200-202: takes updates. */
@Controller()
export class UpdatesController {
  constructor(
    private readonly updates: Updates,
    private readonly bundles: BundlePublishing,
    private readonly goingBack: GoingBack,
    private readonly artifacts: ArtifactPublishing,
    private readonly settings: IngressGatewaySettings,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/updates',
    operationId: 'publishUpdate',
    summary: 'Publish a bundle or a stored artifact, or go back to a kept release',
    role: 'publisher',
    query: PublishQuery,
    body: { json: GoBackRequest, binary: BUNDLE_TYPES },
    headers: {
      [SIGNATURE_HEADER]: 'A signed statement about the update: base64url of the JSON of a DSSE envelope.',
      'Idempotency-Key': 'The same key with the same request gets the same answer, and starts nothing again.',
    },
    answer: {
      status: 202,
      description: 'Accepted. The deployment is on its way.',
      json: UpdateView,
      headers: {
        Location: 'Where the update is found.',
        'Idempotency-Replayed': '`true` when this request was accepted before.',
      },
    },
    problems: [400, 404, 409, 413, 415, 422, 429, 431],
  })
  async publish(
    @Caller() caller: Identity,
    @QueryOf(PublishQuery) query: PublishQuery,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Headers(SIGNATURE_HEADER.toLowerCase()) signature: string | undefined,
    @Headers('traceparent') trace: string | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UpdateView> {
    const idempotencyKey = idempotencyKeyOf(keyHeader);
    const options = {
      caller,
      ...(signature === undefined ? {} : { signed: readSignatureHeader(signature) }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(trace !== undefined && TRACEPARENT.test(trace) ? { traceparent: trace } : {}),
    };
    const submission = await this.submitted(request, query, options);
    response.setHeader('Location', `/v1/updates/${submission.update[0].id}`);
    if (submission.replayed) response.setHeader('Idempotency-Replayed', 'true');
    return updateView(submission.update);
  }

  @Endpoint({
    method: 'get',
    path: '/v1/updates/:id',
    operationId: 'getUpdate',
    summary: 'One accepted update',
    role: 'viewer',
    answer: { status: 200, description: 'The update.', json: UpdateView },
    problems: [404],
  })
  async one(@Caller() caller: Identity, @Param('id') id: string): Promise<UpdateView> {
    const rows = ULID.test(id) ? await this.updates.byId(id) : [];
    // Of an update of several PODs, a third party sees what is its own.
    const [first, ...others] = rows.filter((row) => sees(caller, row.client, row.pod));
    if (!first) throw new NotFoundError('update', id);
    return updateView([first, ...others]);
  }

  private async submitted(
    request: Request,
    query: PublishQuery,
    options: GoBackOptions,
  ): Promise<Submission> {
    const type = mediaTypeOf(request);
    if (type === 'application/json') {
      const json = await readJson(request, JSON_LIMIT_BYTES);
      const body = validated(GoBackRequest, json, { strict: true, subject: 'The body' });
      if (body.artifact !== undefined) return this.artifacts.publish(storedArtifact(body), options);
      return this.goingBack.publish(body, options);
    }
    if (!BUNDLE_TYPES.includes(type)) {
      throw new BadRequestError(
        'UNSUPPORTED_MEDIA_TYPE',
        `The body must be ${BUNDLE_TYPES.join(', ')} or application/json`,
      );
    }
    refuseContentEncoding(request);
    const { maxBundleBytes } = this.settings;
    if (Number(request.headers['content-length'] ?? 0) > maxBundleBytes) throw bundleTooLarge(maxBundleBytes);
    return this.bundles.publish({ ...options, query, body: request });
  }
}

function storedArtifact({
  artifact,
  pod,
  label,
  reason,
  force,
  urgent,
  release,
  acceptLoss,
}: GoBackRequest): PublishQuery & { artifact: string } {
  if (artifact === undefined || release !== undefined)
    throw new InvalidInputError('The body', ['release: is for going back; name it or artifact, not both']);
  if (acceptLoss !== undefined)
    throw new InvalidInputError('The body', ['acceptLoss: is for going back to a release']);
  return {
    ...{ artifact, pod },
    ...(label === undefined ? {} : { label }),
    ...(reason === undefined ? {} : { reason }),
    ...(force === true ? { force: 'true' } : {}),
    ...(urgent === true ? { urgent: 'true' } : {}),
  };
}
