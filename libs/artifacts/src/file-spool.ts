import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ContentMismatchError } from './artifact.errors.js';
import { defaultBundleLimits, type BundleLimits } from './bundle-limits.js';
import { readBundle } from './bundle-reader.js';

const READ_BYTES = 256 * 1024;

interface Place {
  readonly start: number;
  readonly bytes: number;
}

/** Contents of files one after the other in a temporary file, found by their digests. */
export class FileSpool {
  readonly #places = new Map<string, Place>();
  #end = 0;

  private constructor(
    private readonly name: string,
    private readonly file: FileHandle,
  ) {}

  static async create(folder: string): Promise<FileSpool> {
    await mkdir(folder, { recursive: true });
    const name = join(folder, `spool-${randomUUID()}`);
    return new FileSpool(name, await open(name, 'wx+', 0o600));
  }

  has(sha256: string): boolean {
    return this.#places.has(sha256);
  }

  /** Keeps a content. @throws ContentMismatchError it is not what its digest and size say */
  async keep(sha256: string, bytes: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    const hash = createHash('sha256');
    let at = this.#end;
    for await (const chunk of content) {
      hash.update(chunk);
      for (let offset = 0; offset < chunk.length;) {
        const { bytesWritten } = await this.file.write(chunk, offset, chunk.length - offset, at);
        offset += bytesWritten;
        at += bytesWritten;
      }
    }
    if (at - this.#end !== bytes || hash.digest('hex') !== sha256) throw new ContentMismatchError(sha256);
    this.#places.set(sha256, { start: this.#end, bytes });
    this.#end = at;
  }

  async *read(sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
    const place = this.#places.get(sha256);
    if (!place) throw new TypeError(`The spool has no content ${sha256}`);
    for (let read = 0; read < place.bytes;) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, place.bytes - read));
      const { bytesRead } = await this.file.read(buffer, 0, buffer.length, place.start + read);
      if (bytesRead === 0) throw new ContentMismatchError(sha256);
      read += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async remove(): Promise<void> {
    await this.file.close();
    await rm(this.name, { force: true });
  }
}

/**
 * Reads a tar of contents, each entry named by its digest, into the spool. Contents that are not in `wanted` (bytes by
 * digest) or come twice are refused; some may be missing.
 */
export async function receivedContents(
  stream: Readable,
  wanted: ReadonlyMap<string, number>,
  spool: FileSpool,
  limits: Partial<BundleLimits> = {},
): Promise<void> {
  for await (const entry of readBundle(stream, { ...defaultBundleLimits, ...limits })) {
    const bytes = wanted.get(entry.path);
    if (bytes === undefined || bytes !== entry.size || entry.kind !== 'file')
      throw new ContentMismatchError(entry.path);
    await spool.keep(entry.path, bytes, entry.content);
  }
}

/** Copies files of a stored bundle into the spool: `files` are digests by path. One that is not there is left out. */
export async function readFilesOf(
  bundle: Readable,
  files: ReadonlyMap<string, string>,
  spool: FileSpool,
): Promise<void> {
  for await (const entry of readBundle(bundle, defaultBundleLimits)) {
    const sha256 = entry.kind === 'file' ? files.get(entry.path) : undefined;
    if (sha256 !== undefined && !spool.has(sha256)) await spool.keep(sha256, entry.size, entry.content);
  }
}
