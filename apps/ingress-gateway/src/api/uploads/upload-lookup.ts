import { Injectable } from '@nestjs/common';
import { ULID, type UploadKind, type UploadView } from '@podway/contracts';
import { Uploads, type Identity, type UploadEntity } from '@podway/persistence';
import { sees } from '../identity/caller.js';
import { NotFoundError } from '../problems/api.errors.js';

/** Finds an upload as its caller sees it. */
@Injectable()
export class UploadLookup {
  constructor(private readonly uploads: Uploads) {}

  /** @throws NotFoundError for an upload that is missing, expired or another client's. */
  async find(caller: Identity, id: string, kind?: UploadKind): Promise<UploadEntity> {
    const upload = ULID.test(id) ? await this.uploads.byId(id) : null;
    if (!upload || !sees(caller, upload.client, upload.pod) || (kind !== undefined && upload.kind !== kind))
      throw new NotFoundError('upload', id);
    return upload;
  }
}

export function uploadView(upload: UploadEntity): UploadView {
  const { id, kind, client, pod, bytes, artifact, expiresAt } = upload;
  return {
    ...{ id, kind, client, pod, bytes },
    state: artifact === null ? 'open' : 'finished',
    ...(artifact === null ? {} : { artifact }),
    expiresAt: expiresAt.toISOString(),
  };
}
