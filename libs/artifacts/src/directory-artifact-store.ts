import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { SHA256 } from '@podway/contracts';
import { ArtifactNotFoundError, ArtifactStoreFullError, ArtifactTooLargeError } from './artifact.errors.js';
import type { ArtifactStore, ListedArtifact, StoredArtifact } from './artifact-store.js';
import { checkingDigest } from './checking-digest.js';

export interface DirectoryArtifactStoreOptions {
  /** Largest artifact in bytes. Default 4 GiB. */
  maxBytes?: number;
}

/** Artifacts as files of one folder, which may be shared over a network file system. */
export class DirectoryArtifactStore implements ArtifactStore {
  readonly #maxBytes: number;

  constructor(
    private readonly folder: string,
    { maxBytes = 4 * 1024 ** 3 }: DirectoryArtifactStoreOptions = {},
  ) {
    this.#maxBytes = maxBytes;
  }

  async put(content: Readable): Promise<StoredArtifact> {
    await mkdir(this.#incoming, { recursive: true });
    const temporary = join(this.#incoming, randomUUID());
    try {
      const stored = await this.#write(temporary, content);
      const place = this.#place(stored.digest);
      await mkdir(dirname(place), { recursive: true });
      await rename(temporary, place);
      for (const folder of [dirname(place), this.folder]) await syncFolder(folder);
      return stored;
    } catch (error) {
      await rm(temporary, { force: true });
      throw isFull(error) ? new ArtifactStoreFullError(error) : error;
    }
  }

  async open(digest: string): Promise<Readable> {
    const file = SHA256.test(digest) ? await openFile(this.#place(digest)) : undefined;
    if (!file) throw new ArtifactNotFoundError(digest);
    return pipeline(
      file.createReadStream({ highWaterMark: 256 * 1024 }),
      checkingDigest(digest),
      () => undefined,
    );
  }

  async stat(digest: string): Promise<StoredArtifact | undefined> {
    if (!SHA256.test(digest)) return undefined;
    const found = await stat(this.#place(digest)).catch(ignoreMissing);
    return found && { digest, bytes: found.size };
  }

  async delete(digest: string): Promise<void> {
    if (SHA256.test(digest)) await rm(this.#place(digest), { force: true });
  }

  async *list(): AsyncGenerator<ListedArtifact, void, undefined> {
    const folders = (await readdir(this.folder).catch(ignoreMissing)) ?? [];
    for (const folder of folders.filter((name) => /^[0-9a-f]{2}$/.test(name))) {
      for (const digest of (await readdir(join(this.folder, folder)).catch(ignoreMissing)) ?? []) {
        if (!SHA256.test(digest)) continue;
        const found = await stat(this.#place(digest)).catch(ignoreMissing);
        if (found) yield { digest, bytes: found.size, storedAt: found.mtime };
      }
    }
  }

  async removeAbandoned({ olderThanMs }: { olderThanMs: number }): Promise<number> {
    const names = (await readdir(this.#incoming).catch(ignoreMissing)) ?? [];
    const removed = await Promise.all(
      names.map(async (name) => {
        const file = join(this.#incoming, name);
        const found = await stat(file).catch(ignoreMissing);
        if (!found || Date.now() - found.mtimeMs < olderThanMs) return 0;
        await rm(file, { force: true });
        return 1;
      }),
    );
    return removed.reduce((sum: number, one) => sum + one, 0);
  }

  get #incoming(): string {
    return join(this.folder, 'incoming');
  }

  #place(digest: string): string {
    return join(this.folder, digest.slice(0, 2), digest);
  }

  async #write(name: string, content: Readable): Promise<StoredArtifact> {
    const file = await open(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of content as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        if (bytes > this.#maxBytes) throw new ArtifactTooLargeError(this.#maxBytes);
        hash.update(chunk);
        await writeAll(file, chunk);
      }
      await file.sync();
      return { digest: hash.digest('hex'), bytes };
    } finally {
      await file.close();
    }
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function openFile(name: string): Promise<FileHandle | undefined> {
  return open(name, 'r').catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
