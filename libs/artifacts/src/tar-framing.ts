import { Transform, type TransformCallback } from 'node:stream';
import { BundleRefusedError, type BundleFault } from './bundle.errors.js';
import { checkExtendedHeader, type ExtendedHeaderKind } from './extended-header.js';

const BLOCK = 512;
/** What tools pad an archive with is far below this. */
const MAX_PADDING_BYTES = 1024 * 1024;
const MAX_EXTENDED_HEADER_BYTES = 64 * 1024;
/** A path and a link target in one or two formats; more before one entry is an attack or damage. */
const MAX_EXTENDED_HEADERS = 4;

const extendedHeaders: Record<string, ExtendedHeaderKind> = { x: 'pax', g: 'pax-global', L: 'gnu', K: 'gnu' };

interface PendingHeader {
  readonly kind: ExtendedHeaderKind;
  readonly padding: number;
  readonly chunks: Buffer[];
  missing: number;
}

/**
 * Passes a tar archive (POSIX.1-2017 pax, ustar) on unchanged and fails where its blocks are not as they should be.
 * Readers differ in what they make of such places, and tar-stream passes over them: odd sizes, data of entries that
 * have none, entries after the end mark, a missing end mark, anything after it.
 */
export class TarFraming extends Transform {
  #block = Buffer.alloc(0);
  #skip = 0;
  #begun = false;
  #extended?: PendingHeader;
  #extendedInRow = 0;
  #endBlocks = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#walk(chunk);
      done(null, chunk);
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.#endBlocks < 2) done(new BundleRefusedError('TRUNCATED'));
    else done(this.#block.length === 0 ? null : new BundleRefusedError('TRAILING_DATA'));
  }

  #walk(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, rest.length);
        this.#skip -= skipped;
        rest = rest.subarray(skipped);
      } else if (this.#extended) {
        rest = this.#collect(this.#extended, rest);
      } else {
        const missing = BLOCK - this.#block.length;
        this.#block = Buffer.concat([this.#block, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#block.length === BLOCK) {
          this.#header(this.#block);
          this.#block = Buffer.alloc(0);
        }
      }
    }
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#endBlocks += 1;
      if (this.#extendedInRow > 0) throw refused('an extended header without its entry', 'TRUNCATED');
      if (this.#endBlocks * BLOCK > MAX_PADDING_BYTES) throw new BundleRefusedError('TRAILING_DATA');
      return;
    }
    if (this.#endBlocks > 0) {
      throw new BundleRefusedError(this.#endBlocks >= 2 ? 'TRAILING_DATA' : 'MALFORMED');
    }
    // Both known formats, POSIX and GNU, have this word here.
    if (block.toString('latin1', 257, 262) !== 'ustar') {
      throw new BundleRefusedError(this.#begun ? 'MALFORMED' : 'FORMAT');
    }
    this.#begun = true;
    const type = String.fromCharCode(block[156] ?? 0);
    const size = sizeOf(block);
    const kind = extendedHeaders[type];
    if (kind) return this.#beginExtended(kind, size);
    this.#extendedInRow = 0;
    if (type === 'N') throw new BundleRefusedError('SPECIAL_FILE', { reason: 'an old kind of long name' });
    if (size > 0 && '123456'.includes(type)) throw refused('data of an entry that has none');
    this.#skip = padded(size);
  }

  #beginExtended(kind: ExtendedHeaderKind, size: number): void {
    this.#extendedInRow += 1;
    if (this.#extendedInRow > MAX_EXTENDED_HEADERS) throw refused('too many extended headers');
    if (size > MAX_EXTENDED_HEADER_BYTES) throw new BundleRefusedError('PATH_TOO_LONG');
    if (size === 0) throw refused('an empty extended header');
    this.#extended = { kind, missing: size, padding: padded(size) - size, chunks: [] };
  }

  #collect(extended: PendingHeader, rest: Buffer): Buffer {
    const part = rest.subarray(0, extended.missing);
    extended.chunks.push(part);
    extended.missing -= part.length;
    if (extended.missing === 0) {
      checkExtendedHeader(extended.kind, Buffer.concat(extended.chunks));
      this.#skip = extended.padding;
      this.#extended = undefined;
    }
    return rest.subarray(part.length);
  }
}

function sizeOf(block: Buffer): number {
  const field = block.toString('latin1', 124, 136);
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field)?.[1];
  // Base-256 sizes are for files of 8 GiB and more, and have been used to make readers disagree.
  if (digits === undefined) throw refused('a size that cannot be read');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function refused(reason: string, fault: BundleFault = 'MALFORMED'): BundleRefusedError {
  return new BundleRefusedError(fault, { reason });
}
