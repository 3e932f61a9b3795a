import { Controller, Param, Req, Res } from '@nestjs/common';
import type { Request, Response as Answer } from 'express';
import { UploadView } from '@podway/contracts';
import { Uploads, type Identity, type UploadEntity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { TusRefusalError } from './upload.errors.js';
import { UploadFolder } from './upload-folder.js';
import { UploadLookup, uploadView } from './upload-lookup.js';
import { ARTIFACT_HEADER, TusUploads } from './tus-uploads.js';

const TUS_TYPE = 'application/offset+octet-stream';
const tusHeader = { 'Tus-Resumable': '`1.0.0`' };
const offset = { 'Upload-Offset': 'How many bytes are there.' };
const artifact = { [ARTIFACT_HEADER]: 'SHA-256 of the artifact, once the upload has become one.' };

/** Resumable uploads by tus 1.0: core, creation, creation-with-upload, termination, expiration. */
@Controller()
export class ResumableUploadsController {
  constructor(
    private readonly tus: TusUploads,
    private readonly lookup: UploadLookup,
    private readonly uploads: Uploads,
    private readonly folder: UploadFolder,
  ) {}

  @Endpoint({
    method: 'options',
    path: '/v1/uploads',
    operationId: 'describeUploads',
    summary: 'What of tus is known here',
    role: 'public',
    answer: { status: 204, description: 'Versions, extensions, the largest size.' },
  })
  async describe(@Req() request: Request, @Res() answer: Answer): Promise<void> {
    send(await this.tus.answer(request), answer);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/uploads',
    operationId: 'createUpload',
    summary: 'Begin a resumable upload of a bundle',
    role: 'publisher',
    body: { binary: [TUS_TYPE], optional: true },
    headers: {
      ...tusHeader,
      'Upload-Length': 'Bytes of the bundle.',
      'Upload-Metadata': '`pod` (required), `sha256` of the bundle: pairs of a name and a base64 value.',
    },
    answer: {
      status: 201,
      description: 'The upload. It waits for its bytes.',
      headers: { Location: 'Where they go.', 'Upload-Expires': 'When it is given up.', ...artifact },
    },
    problems: [400, 404, 412, 413, 422, 429],
  })
  async create(@Caller() caller: Identity, @Req() request: Request, @Res() answer: Answer): Promise<void> {
    send(await this.tus.answer(request, caller), answer);
  }

  @Endpoint({
    method: 'head',
    path: '/v1/uploads/:id',
    operationId: 'getUploadOffset',
    summary: 'How many bytes of an upload are there',
    role: 'publisher',
    headers: tusHeader,
    answer: { status: 200, description: 'The offset.', headers: { ...offset, ...artifact } },
    problems: [404, 412],
  })
  async offset(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @Req() request: Request,
    @Res() answer: Answer,
  ): Promise<void> {
    const upload = await this.lookup.find(caller, id, 'resumable');
    if (upload.artifact !== null) sendFinished(upload, answer.setHeader('Upload-Length', upload.bytes), 200);
    else send(await this.tus.answer(request), answer);
  }

  @Endpoint({
    method: 'get',
    path: '/v1/uploads/:id',
    operationId: 'getUpload',
    summary: 'An upload, and the artifact that it became',
    role: 'publisher',
    answer: { status: 200, description: 'The upload.', json: UploadView },
    problems: [404],
  })
  async one(@Caller() caller: Identity, @Param('id') id: string): Promise<UploadView> {
    return uploadView(await this.lookup.find(caller, id));
  }

  @Endpoint({
    method: 'patch',
    path: '/v1/uploads/:id',
    operationId: 'continueUpload',
    summary: 'Send bytes; after the last one the bundle is inspected and becomes an artifact',
    role: 'publisher',
    body: { binary: [TUS_TYPE] },
    headers: { ...tusHeader, 'Upload-Offset': 'Where these bytes begin.' },
    answer: { status: 204, description: 'They are there.', headers: { ...offset, ...artifact } },
    problems: [400, 404, 409, 412, 413, 422, 423, 429],
  })
  async proceed(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @Req() request: Request,
    @Res() answer: Answer,
  ): Promise<void> {
    const upload = await this.lookup.find(caller, id, 'resumable');
    if (upload.artifact === null) return send(await this.tus.answer(request), answer);
    if (request.headers['upload-offset'] !== String(upload.bytes))
      throw new TusRefusalError(409, `All ${upload.bytes} bytes of the upload are there`);
    sendFinished(upload, answer, 204);
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/uploads/:id',
    operationId: 'endUpload',
    summary: 'Give an upload up. An artifact that it became stays',
    role: 'publisher',
    answer: { status: 204, description: 'It is gone.' },
    problems: [404],
  })
  async end(@Caller() caller: Identity, @Param('id') id: string, @Res() answer: Answer): Promise<void> {
    await this.lookup.find(caller, id);
    await this.uploads.remove(id);
    await this.folder.remove(id);
    answer.setHeader('Tus-Resumable', '1.0.0').status(204).end();
  }
}

function send(response: Response, answer: Answer): void {
  for (const [name, value] of response.headers) {
    // Pages of other origins have no key, and are not invited to ask for one.
    if (!name.startsWith('access-control-')) answer.setHeader(name, value);
  }
  answer.status(response.status).end();
}

function sendFinished({ bytes, artifact: digest }: UploadEntity, answer: Answer, status: number): void {
  answer
    .setHeader('Tus-Resumable', '1.0.0')
    .setHeader('Cache-Control', 'no-store')
    .setHeader('Upload-Offset', String(bytes))
    .setHeader(ARTIFACT_HEADER, digest ?? '')
    .status(status)
    .end();
}
