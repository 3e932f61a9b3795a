import { createHash, randomUUID } from 'node:crypto';
import { pipeline, Readable, Transform } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { PodwayError, SHA256 } from '@podway/contracts';
import {
  ArtifactNotFoundError,
  ArtifactStoreUnavailableError,
  ArtifactTooLargeError,
} from './artifact.errors.js';
import type { ArtifactStore, ListedArtifact, StoredArtifact } from './artifact-store.js';
import { checkingDigest } from './checking-digest.js';

export interface S3ArtifactStoreOptions {
  readonly bucket: string;
  /** Before every key; ends with `/` unless it is empty. Default empty. */
  readonly prefix?: string;
  /** `https://s3.example`. Default: that of AWS in the region. */
  readonly endpoint?: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The bucket in the path, not in the host name. */
  readonly pathStyle?: boolean;
  /** Largest artifact in bytes. Default 4 GiB; S3 copies at most 5 GiB in one request. */
  readonly maxBytes?: number;
}

const PART_BYTES = 8 * 1024 * 1024;
/** Parts on their way at once: with `PART_BYTES`, what one upload holds in memory. */
const PARTS_AT_ONCE = 2;
/** Reads of one artifact that may break off and be taken up again. */
const MOST_RESUMED = 3;

/** Artifacts as objects of a bucket of S3, or of a server that speaks its protocol. */
export class S3ArtifactStore implements ArtifactStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #maxBytes: number;

  constructor(options: S3ArtifactStoreOptions) {
    const { endpoint, region, accessKeyId, secretAccessKey, pathStyle = false } = options;
    this.#bucket = options.bucket;
    this.#prefix = options.prefix ?? '';
    this.#maxBytes = options.maxBytes ?? 4 * 1024 ** 3;
    this.#client = new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: pathStyle,
      // A server that is busy says 500 or 503 and wants to be asked again; the usual 3 are over within 20 ms at times.
      maxAttempts: 6,
      // Servers other than AWS often do not know the newer checksums; SHA-256 is checked at each read here.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** First under a name of its own: the digest is known at the end only, and nothing half written is ever seen. */
  async put(content: Readable): Promise<StoredArtifact> {
    const temporary = `${this.#incoming}${randomUUID()}`;
    const hash = createHash('sha256');
    let bytes = 0;
    const maxBytes = this.#maxBytes;
    const hashing = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        done(bytes > maxBytes ? new ArtifactTooLargeError(maxBytes) : null, chunk);
      },
    });
    const body = pipeline(content, hashing, () => undefined);
    try {
      await new Upload({
        client: this.#client,
        params: { Bucket: this.#bucket, Key: temporary, Body: body },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
      }).done();
      const digest = hash.digest('hex');
      await this.#client.send(
        new CopyObjectCommand({
          Bucket: this.#bucket,
          Key: this.#key(digest),
          CopySource: encodeURI(`${this.#bucket}/${temporary}`),
        }),
      );
      return { digest, bytes };
    } catch (error) {
      content.destroy();
      throw body.errored ?? troubled('storing', error);
    } finally {
      await this.#remove(temporary).catch(() => undefined);
    }
  }

  async open(digest: string): Promise<Readable> {
    if (!SHA256.test(digest)) throw new ArtifactNotFoundError(digest);
    const first = await this.#get(digest, 0);
    return pipeline(
      Readable.from(this.#resumed(digest, first), { objectMode: false, highWaterMark: 256 * 1024 }),
      checkingDigest(digest),
      () => undefined,
    );
  }

  async stat(digest: string): Promise<StoredArtifact | undefined> {
    if (!SHA256.test(digest)) return undefined;
    try {
      const head = await this.#client.send(
        new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#key(digest) }),
      );
      return { digest, bytes: head.ContentLength ?? 0 };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw troubled('looking', error);
    }
  }

  async delete(digest: string): Promise<void> {
    if (!SHA256.test(digest)) return;
    await this.#remove(this.#key(digest)).catch((error: unknown) => {
      throw troubled('deleting', error);
    });
  }

  async *list(): AsyncGenerator<ListedArtifact, void, undefined> {
    for await (const { key, bytes, storedAt } of this.#objects(this.#prefix)) {
      const digest = key.slice(key.lastIndexOf('/') + 1);
      if (SHA256.test(digest) && key === this.#key(digest)) yield { digest, bytes, storedAt };
    }
  }

  /** Parts of uploads that never ended are not seen here: a life-cycle rule of the bucket removes them. */
  async removeAbandoned({ olderThanMs }: { olderThanMs: number }): Promise<number> {
    let removed = 0;
    for await (const { key, storedAt } of this.#objects(this.#incoming)) {
      if (Date.now() - storedAt.getTime() < olderThanMs) continue;
      await this.#remove(key);
      removed += 1;
    }
    return removed;
  }

  get #incoming(): string {
    return `${this.#prefix}incoming/`;
  }

  #key(digest: string): string {
    return `${this.#prefix}${digest.slice(0, 2)}/${digest}`;
  }

  async #remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
  }

  async *#objects(prefix: string): AsyncGenerator<{ key: string; bytes: number; storedAt: Date }> {
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: prefix });
    try {
      for await (const { Contents = [] } of pages) {
        for (const { Key = '', Size = 0, LastModified = new Date(0) } of Contents)
          yield { key: Key, bytes: Size, storedAt: LastModified };
      }
    } catch (error) {
      throw troubled('listing', error);
    }
  }

  async #get(digest: string, from: number): Promise<Readable> {
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({
          Bucket: this.#bucket,
          Key: this.#key(digest),
          ...(from > 0 ? { Range: `bytes=${from}-` } : {}),
        }),
      );
      return answer.Body as Readable;
    } catch (error) {
      throw isMissing(error) ? new ArtifactNotFoundError(digest) : troubled('reading', error);
    }
  }

  /** The content; a connection that breaks in the middle is taken up where it broke. */
  async *#resumed(digest: string, first: Readable): AsyncGenerator<Uint8Array, void, undefined> {
    let body = first;
    let position = 0;
    for (let resumed = 0; ; resumed += 1) {
      try {
        for await (const chunk of body as AsyncIterable<Uint8Array>) {
          position += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        if (resumed >= MOST_RESUMED) throw troubled('reading', error);
        body = await this.#get(digest, position);
      }
    }
  }
}

function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return name === 'NoSuchKey' || (name === 'NotFound' && $metadata?.httpStatusCode === 404);
}

function troubled(doing: string, error: unknown): unknown {
  return error instanceof PodwayError ? error : new ArtifactStoreUnavailableError(doing, error);
}
