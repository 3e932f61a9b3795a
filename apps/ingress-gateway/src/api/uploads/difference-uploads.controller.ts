import { Controller, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DifferenceRequest, DifferenceView, UploadedArtifactView } from '@podway/contracts';
import type { Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { JsonBody } from '../input/input.pipes.js';
import { mediaTypeOf, refuseContentEncoding } from '../input/read-json.js';
import { BadRequestError } from '../problems/api.errors.js';
import { bodyStream } from './body-stream.js';
import { DifferenceUploads } from './difference-uploads.js';
import { UploadLookup } from './upload-lookup.js';

const CONTENT_TYPES = ['application/gzip', 'application/x-tar'];
/** A description of the most entries, with long paths. */
const MOST_JSON_BYTES = 16 * 1024 * 1024;

/** Uploads by difference: what the bundle holds first, then only the contents that the client has not stored yet. */
@Controller()
export class DifferenceUploadsController {
  constructor(
    private readonly differences: DifferenceUploads,
    private readonly lookup: UploadLookup,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/uploads/differences',
    operationId: 'createDifference',
    summary: 'Begin an upload by difference: say what the bundle holds, hear which contents are missing',
    role: 'publisher',
    body: { json: DifferenceRequest },
    answer: { status: 201, description: 'The upload, and what is missing.', json: DifferenceView },
    problems: [400, 404, 413, 415, 422, 429],
  })
  create(
    @Caller() caller: Identity,
    @JsonBody(DifferenceRequest, { limitBytes: MOST_JSON_BYTES }) request: DifferenceRequest,
  ): Promise<DifferenceView> {
    return this.differences.open(caller, request);
  }

  @Endpoint({
    method: 'put',
    path: '/v1/uploads/differences/:id',
    operationId: 'completeDifference',
    summary:
      'Send the missing contents as a tar, each named by its SHA-256; the bundle is made and becomes an artifact',
    role: 'publisher',
    body: { binary: CONTENT_TYPES },
    answer: { status: 200, description: 'The artifact.', json: UploadedArtifactView },
    problems: [400, 404, 409, 413, 415, 422, 429],
  })
  async complete(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @Req() request: Request,
  ): Promise<UploadedArtifactView> {
    const upload = await this.lookup.find(caller, id, 'difference');
    if (!CONTENT_TYPES.includes(mediaTypeOf(request)))
      throw new BadRequestError('UNSUPPORTED_MEDIA_TYPE', `The body must be ${CONTENT_TYPES.join(' or ')}`);
    refuseContentEncoding(request);
    return this.differences.complete(upload, bodyStream(request));
  }
}
