import { pipeline, Readable, Transform } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { PodwayError } from '@podway/contracts';
import { writeInto } from './archive-writing.js';
import { BundleRefusedError } from './bundle.errors.js';
import { EntryRules, type CheckedEntry } from './entry-rules.js';
import { TarFraming } from './tar-framing.js';
import type { BundleLimits } from './bundle-limits.js';

/** Small archives may well be nearly empty space. */
const RATIO_FROM_BYTES = 16 * 1024 * 1024;

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

export interface BundleEntry extends CheckedEntry {
  readonly modified: Date;
  /** The file's bytes; to be read before the next entry is asked for. What is not read is passed over. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Entries of a tar or tar.gz bundle, each checked before it is given out. Throws {@link BundleRefusedError}. */
export async function* readBundle(
  source: Readable,
  limits: BundleLimits,
  rules = new EntryRules(limits),
): AsyncGenerator<BundleEntry, void, undefined> {
  const unpacked = await unpack(source, limits);
  const archive = extract();
  const pumped = writeInto(archive, unpacked);
  pumped.catch(() => undefined);
  const refusal = (error: unknown): unknown => asRefusal(error, error === unpacked.errored);
  async function* bytesOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of entry as AsyncIterable<Uint8Array>) yield chunk;
    } catch (error) {
      throw refusal(error);
    }
  }
  try {
    for await (const entry of archive) {
      const { name, type, mode = 0, size = 0, linkname, mtime } = entry.header;
      const checked = rules.check({ name, type, mode, size, linkname });
      yield { ...checked, modified: mtime ?? new Date(0), content: bytesOf(entry) };
      entry.resume();
    }
    await pumped;
  } catch (error) {
    throw refusal(error);
  } finally {
    unpacked.destroy();
    source.destroy();
  }
}

async function unpack(source: Readable, limits: BundleLimits): Promise<Readable> {
  const { head, whole } = await peeked(source);
  const framing = new TarFraming();
  if (!head.subarray(0, 2).equals(GZIP_MAGIC)) return pipeline(whole, framing, () => undefined);
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const packed = { bytes: 0 };
  const counting = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      packed.bytes += chunk.length;
      done(null, chunk);
    },
  });
  return pipeline(whole, counting, gunzip, ratioLimit(gunzip, packed, limits), framing, () => undefined);
}

/** zlib passes over what follows the compressed data, and unpacks whatever it is told to. */
function ratioLimit(gunzip: Gunzip, packed: { bytes: number }, { maxRatio }: BundleLimits): Transform {
  let unpacked = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      unpacked += chunk.length;
      const tooMuch = unpacked > RATIO_FROM_BYTES && unpacked > packed.bytes * maxRatio;
      done(tooMuch ? new BundleRefusedError('RATIO', { details: { maxRatio } }) : null, chunk);
    },
    flush(done) {
      done(gunzip.bytesWritten < packed.bytes ? new BundleRefusedError('TRAILING_DATA') : null);
    },
  });
}

/** The first bytes, and a stream of all of them. */
async function peeked(source: Readable): Promise<{ head: Buffer; whole: Readable }> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>;
  let head = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const { done, value } = await chunks.next();
    if (done) throw new BundleRefusedError('TRUNCATED', { reason: 'it is empty' });
    head = Buffer.concat([head, value]);
  }
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    yield head;
    yield* chunks;
  }
  return { head, whole: Readable.from(all(), { objectMode: false }) };
}

/** `upstream`: the error comes from before tar-stream, so it may be one of reading the source. */
function asRefusal(error: unknown, upstream: boolean): unknown {
  if (error instanceof PodwayError) return error;
  const code = String((error as NodeJS.ErrnoException).code);
  if (code === 'Z_BUF_ERROR') return new BundleRefusedError('TRUNCATED', { cause: error });
  if (code.startsWith('Z_') || !upstream) return new BundleRefusedError('MALFORMED', { cause: error });
  return error;
}
