import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pack, type Header, type Pack } from 'tar-stream';
import type { Component } from '@podway/contracts';
import { writeInto } from './archive-writing.js';
import { defaultBundleLimits, type BundleLimits } from './bundle-limits.js';
import { readBundle, type BundleEntry } from './bundle-reader.js';
import { isWithin, pathWithin } from './component-paths.js';
import type { ArtifactStore } from './artifact-store.js';

type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

/** Content up to here is taken as one piece; larger files stream. */
const SMALL_FILE_BYTES = 256 * 1024;
/** Larger files are sent without a comparison: they would have to be held in memory for it. */
const MAX_COMPARED_BYTES = 32 * 1024 * 1024;
/** The largest time that a plain tar header holds in all readers (2038). */
const MAX_SECONDS = 0x7fff_ffff;

export interface ComponentStreamOptions {
  limits?: Partial<BundleLimits>;
  /** Leaves out entries by their path in the stream. */
  skip?: (path: string) => boolean;
  /** What the receiver has already, so that it need not be sent. */
  known?: KnownFiles;
}

export interface KnownFiles {
  /** SHA-256 of the file that the receiver has at this path, when its size and mode are these. */
  digestOf(path: string, size: number, executable: boolean): string | undefined;
  /** Told for each file that is left out because the receiver has it. */
  unchanged(path: string): void;
}

/**
 * The files of one archive component as a new tar stream, made from the checked entries: paths relative to the
 * component's source, folders before what is in them, owner 0:0, modes 0644 or 0755, times kept.
 */
export async function componentStream(
  store: ArtifactStore,
  digest: string,
  component: Component,
  options: ComponentStreamOptions = {},
): Promise<Readable> {
  return repacked(await store.open(digest), options, (path) =>
    isWithin(component, path) ? pathWithin(component, path) : '',
  );
}

/** All files of the bundle as a new tar stream, normalised in the same way. */
export async function bundleStream(
  store: ArtifactStore,
  digest: string,
  options: ComponentStreamOptions = {},
): Promise<Readable> {
  return repacked(await store.open(digest), options, (path) => path);
}

/** `place`: an entry's path in the new stream; empty leaves it out. */
function repacked(
  source: Readable,
  { limits, known, skip = () => false }: ComponentStreamOptions,
  place: (path: string) => string,
): Readable {
  const fill = async (archive: Pack): Promise<void> => {
    const folders = new Set<string>();
    for await (const entry of readBundle(source, { ...defaultBundleLimits, ...limits })) {
      const path = place(entry.path);
      if (path !== '' && !skip(path)) await add(archive, folders, path, entry, known);
    }
    archive.finalize();
  };
  // tar-stream has streams of another kind than Node's. Nothing runs before the first read.
  async function* bytes(): AsyncGenerator<unknown, void, undefined> {
    const archive = pack();
    fill(archive).catch((error: Error) => archive.destroy(error));
    yield* archive;
  }
  const stream = Readable.from(bytes(), { objectMode: false, highWaterMark: 1024 * 1024 });
  return stream.once('close', () => source.destroy());
}

async function add(
  archive: Pack,
  folders: Set<string>,
  path: string,
  entry: BundleEntry,
  known?: KnownFiles,
): Promise<void> {
  const mtime = timeOf(entry);
  const parents = path.split('/').slice(0, -1);
  for (let depth = 1; depth <= parents.length; depth += 1) {
    await addFolder(archive, folders, parents.slice(0, depth).join('/'), mtime);
  }
  if (entry.kind === 'directory') return addFolder(archive, folders, path, mtime);
  const owner = { uid: 0, gid: 0, mtime };
  if (entry.kind === 'symlink') {
    return addEmpty(archive, {
      ...owner,
      name: path,
      type: 'symlink',
      linkname: entry.linkTarget,
      mode: 0o777,
    });
  }
  const mode = entry.executable ? 0o755 : 0o644;
  const header = { ...owner, name: path, type: 'file' as const, mode, size: entry.size };
  const digest = known?.digestOf(path, entry.size, entry.executable);
  const compared = digest !== undefined && entry.size <= MAX_COMPARED_BYTES;
  if (!compared && entry.size > SMALL_FILE_BYTES) {
    return addEntry(archive, header, (sink) => writeInto(sink, entry.content));
  }
  const content = await wholeOf(entry.content);
  if (compared && createHash('sha256').update(content).digest('hex') === digest)
    return known?.unchanged(path);
  return addEntry(archive, header, (sink) => {
    sink.write(content);
    sink.end(undefined);
  });
}

async function wholeOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function addFolder(archive: Pack, folders: Set<string>, path: string, mtime: Date): Promise<void> {
  if (folders.has(path)) return;
  folders.add(path);
  await addEmpty(archive, { name: `${path}/`, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime });
}

function addEmpty(archive: Pack, header: EntryHeader): Promise<void> {
  return addEntry(archive, header, () => undefined);
}

/** Resolves when the entry is wholly in the archive. */
function addEntry(
  archive: Pack,
  header: EntryHeader,
  fill: (sink: ReturnType<Pack['entry']>) => Promise<void> | void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = archive.entry(header, (error) => (error ? reject(error) : resolve()));
    sink.on('error', reject);
    Promise.resolve(fill(sink)).catch(reject);
  });
}

function timeOf({ modified }: BundleEntry): Date {
  const seconds = Math.trunc(modified.getTime() / 1000);
  return new Date(Math.min(Math.max(Number.isFinite(seconds) ? seconds : 0, 0), MAX_SECONDS) * 1000);
}
