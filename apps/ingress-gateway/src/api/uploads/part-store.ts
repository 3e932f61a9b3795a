import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { ArtifactStoreFullError } from '@podway/artifacts';
import type { UploadFolder } from './upload-folder.js';

/** The bytes of resumable uploads, each in a file of the shared folder, with a description beside it. */
export class PartStore extends FileStore {
  constructor(
    private readonly folder: UploadFolder,
    expiresMs: number,
  ) {
    super({ directory: folder.path, expirationPeriodInMilliseconds: expiresMs });
    // A length that is not known ahead cannot be reserved.
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];
  }

  /** What was written stays, also when the rest does not come: the next request goes on behind it. */
  override async write(content: Readable, id: string, offset: number): Promise<number> {
    const file = await open(this.folder.part(id), 'r+');
    let at = offset;
    try {
      for await (const chunk of content as AsyncIterable<Uint8Array>) {
        for (let from = 0; from < chunk.length;) {
          const { bytesWritten } = await file.write(chunk, from, chunk.length - from, at);
          from += bytesWritten;
          at += bytesWritten;
        }
      }
      return at;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'ENOSPC' || code === 'EDQUOT' ? new ArtifactStoreFullError(error) : error;
    } finally {
      await file.sync().finally(() => file.close());
    }
  }

  override async remove(id: string): Promise<void> {
    await this.folder.remove(id);
  }
}
