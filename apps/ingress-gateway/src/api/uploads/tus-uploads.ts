import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ERRORS, Server, type Upload } from '@tus/server';
import { ulid } from 'ulid';
import { InvalidInputError, NAME, SHA256 } from '@podway/contracts';
import { UploadLeases, Uploads, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { NotFoundError } from '../problems/api.errors.js';
import { bodyStream } from './body-stream.js';
import { FinishedUploads } from './finished-uploads.js';
import { LeaseLocker } from './lease-locker.js';
import { PartStore } from './part-store.js';
import { TusRefusalError, UploadLockedError } from './upload.errors.js';
import { UploadFolder } from './upload-folder.js';

/** Tells the artifact that a finished upload became. */
export const ARTIFACT_HEADER = 'Podway-Artifact';

/** The protocol tus 1.0 (tus.io), as a library has it, over our records, quotas and artifacts. */
@Injectable()
export class TusUploads {
  private readonly server: Server;
  private readonly callers = new WeakMap<object, Identity | undefined>();
  private readonly failures = new WeakMap<object, unknown>();

  constructor(
    private readonly uploads: Uploads,
    private readonly pods: PodLookup,
    private readonly finished: FinishedUploads,
    private readonly settings: IngressGatewaySettings,
    folder: UploadFolder,
    leases: UploadLeases,
  ) {
    this.server = new Server({
      path: '/v1/uploads',
      relativeLocation: true,
      datastore: new PartStore(folder, settings.uploadExpiresMs),
      locker: new LeaseLocker(leases),
      maxSize: settings.maxBundleBytes,
      namingFunction: () => ulid(),
      onUploadCreate: (request, upload) => this.create(request, upload),
      onUploadFinish: (_, upload) => this.finish(upload),
      onResponseError: (request, error) => {
        this.failures.set(request, error);
        return undefined;
      },
    });
  }

  /** Answers one request. @throws PodwayError for all that is refused */
  async answer(incoming: IncomingMessage, caller?: Identity): Promise<Response> {
    const request = webRequest(incoming);
    this.callers.set(request, caller);
    const response = await this.server.handleWeb(request as Parameters<Server['handleWeb']>[0]);
    const failure = this.failures.get(request);
    if (failure instanceof Error) throw failure;
    if (failure === ERRORS.ERR_LOCK_TIMEOUT || failure === ERRORS.ABORTED)
      throw new UploadLockedError(idIn(incoming.url));
    if (response.status >= 400) throw new TusRefusalError(response.status, await response.text());
    return response;
  }

  private async create(request: object, { id, size, metadata }: Upload): Promise<object> {
    const caller = this.callers.get(request);
    const { pod, sha256 } = metadata ?? {};
    if (!caller || !pod || !NAME.test(pod))
      throw new InvalidInputError('Upload-Metadata', ['pod: must name the POD that the bundle is for']);
    if (sha256 && !SHA256.test(sha256))
      throw new InvalidInputError('Upload-Metadata', ['sha256: must be 64 hexadecimal digits']);
    const { spec } = await this.pods.find(caller, pod);
    const expiresAt = new Date(Date.now() + this.settings.uploadExpiresMs);
    const { client, name } = spec;
    await this.uploads.open({
      ...{ id, kind: 'resumable', client, pod: name, keyId: caller.keyId, bytes: size ?? 0, expiresAt },
    });
    return {};
  }

  private async finish({ id, metadata }: Upload): Promise<{ headers: Record<string, string> }> {
    const upload = await this.uploads.byId(id);
    if (!upload) throw new NotFoundError('upload', id);
    const artifact = await this.finished.finish(upload, metadata?.sha256 ?? undefined);
    return { headers: { [ARTIFACT_HEADER]: artifact } };
  }
}

function webRequest(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/' } = incoming;
  const headers = Object.entries(incoming.headers).filter(
    (header): header is [string, string] => typeof header[1] === 'string',
  );
  const withBody = method === 'PATCH' || method === 'POST';
  return new Request(`http://podway${url}`, {
    method,
    headers,
    ...(withBody ? { body: Readable.toWeb(bodyStream(incoming)) as ReadableStream, duplex: 'half' } : {}),
  });
}

function idIn(url = ''): string {
  return url.replace(/^.*\//, '').slice(0, 40);
}
