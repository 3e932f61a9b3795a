import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A delta that waits in a file until every server has it. */
export interface Delta {
  readonly bytes: number;
  /** A new reading from its beginning. */
  read(): Readable;
}

/** A private folder for deltas; `close` removes it. */
export class DeltaSpool {
  private folder: Promise<string> | undefined;
  private count = 0;

  constructor(private readonly parent = tmpdir()) {}

  /** Writes the whole of `source` down. Rejects when either the reading, or what makes it, fails. */
  async keep(source: Readable, made: Promise<void>): Promise<Delta> {
    this.folder ??= mkdtemp(join(this.parent, 'podway-delta-'));
    const file = join(await this.folder, String(this.count++));
    // What went wrong on the server says more than the broken stream.
    const [written, ended] = await Promise.allSettled([pipeline(source, createWriteStream(file)), made]);
    if (ended.status === 'rejected') throw ended.reason;
    if (written.status === 'rejected') throw written.reason;
    const { size } = await stat(file);
    return { bytes: size, read: () => createReadStream(file, { highWaterMark: 256 * 1024 }) };
  }

  async close(): Promise<void> {
    if (this.folder) await rm(await this.folder, { recursive: true, force: true });
  }
}
