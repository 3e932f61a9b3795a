import type { Stats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { pack, type Header, type Pack } from 'tar-stream';
import { PackError } from './sdk.errors.js';

/** Never part of what is published: `.podway` is where a local all-in-one keeps its data and its admin's key. */
const LEFT_OUT = new Set(['.git', '.DS_Store', '.podway']);
/** The largest time that a plain tar header holds in all readers (2038). */
const MAX_TAR_SECONDS = 0x7fff_ffff;

export interface FolderEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly stats: Stats;
}

export interface PackOptions {
  /** Told after each entry. */
  readonly onEntry?: (path: string, bytes: number) => void;
}

/**
 * A folder as a bundle: a tar.gz of its files, folders and symbolic links, without owners. The same folder gives the same
 * bytes: entries are sorted, and their times are the files' own, which web servers tell to browsers.
 * The stream fails with a PackError for what no bundle can hold.
 */
export function packDirectory(folder: string, options: PackOptions = {}): Readable {
  // Nothing is read before the first byte is asked for.
  const tar = Readable.from(tarOf(folder, options), { objectMode: false });
  return pipeline(tar, createGzip({ level: 6 }), () => undefined);
}

/** As {@link packDirectory}, for `fetch` and the SDK. */
export function packedDirectory(folder: string, options: PackOptions = {}): ReadableStream<Uint8Array> {
  return Readable.toWeb(packDirectory(folder, options)) as ReadableStream<Uint8Array>;
}

async function* tarOf(folder: string, options: PackOptions): AsyncGenerator<Uint8Array> {
  // tar-stream has streams of another kind than Node's.
  const archive = pack();
  const filled = fill(archive, folder, options);
  filled.catch((error: Error) => archive.destroy(error));
  try {
    yield* archive as AsyncIterable<Uint8Array>;
  } catch (error) {
    // What broke the archive says more than that it is broken.
    await filled;
    throw error;
  }
}

async function fill(archive: Pack, folder: string, { onEntry }: PackOptions): Promise<void> {
  for await (const { path, stats } of folderEntries(folder)) {
    await addEntry(archive, folder, path, stats);
    onEntry?.(path, stats.isFile() ? stats.size : 0);
  }
  archive.finalize();
}

/** What of a folder is published. @throws PackError */
export async function* folderEntries(folder: string): AsyncGenerator<FolderEntry> {
  const root = await lstat(folder).catch((cause: unknown) => {
    throw new PackError(folder, 'it cannot be read', cause);
  });
  if (!root.isDirectory()) throw new PackError(folder, 'it is not a folder');
  yield* entriesOf(folder, '');
}

/** Sorted bytewise within each folder, a folder before what is in it. */
async function* entriesOf(folder: string, below: string): AsyncGenerator<FolderEntry> {
  const names = (await readdir(join(folder, below), { encoding: 'buffer' })).sort(Buffer.compare);
  for (const bytes of names) {
    const name = bytes.toString('utf8');
    const path = below === '' ? name : `${below}/${name}`;
    if (!Buffer.from(name).equals(bytes)) throw new PackError(path, 'its name is not UTF-8');
    if (LEFT_OUT.has(name)) continue;
    const stats = await lstat(join(folder, path));
    yield { path, stats };
    if (stats.isDirectory()) yield* entriesOf(folder, path);
  }
}

async function addEntry(archive: Pack, folder: string, path: string, stats: Stats): Promise<void> {
  const seconds = tarSeconds(stats);
  const common = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(seconds * 1000) };
  if (stats.isDirectory()) {
    return addToArchive(archive, { ...common, name: `${path}/`, type: 'directory', mode: 0o755 });
  }
  if (stats.isSymbolicLink()) {
    const linkname = await readlink(join(folder, path));
    return addToArchive(archive, { ...common, name: path, type: 'symlink', linkname, mode: 0o777 });
  }
  if (!stats.isFile()) throw new PackError(path, 'it is neither a file, a folder nor a symbolic link');
  const mode = stats.mode & 0o111 ? 0o755 : 0o644;
  const header = { ...common, name: path, type: 'file' as const, mode, size: stats.size };
  return addToArchive(archive, header, createReadStream(join(folder, path)));
}

/** Time of the last change, as a tar holds it. */
export function tarSeconds(stats: Stats): number {
  return Math.min(Math.max(0, Math.floor(stats.mtimeMs / 1000)), MAX_TAR_SECONDS);
}

/** Resolves when the entry is wholly in the archive. */
export function addToArchive(
  archive: Pack,
  header: Partial<Header> & Pick<Header, 'name'>,
  content?: Readable,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new PackError(header.name, 'it has changed while it was read', error));
    const entry = archive.entry(header, (error) => (error ? failed(error) : resolve()));
    entry.on('error', failed);
    if (!content) return;
    content.on('error', (error) => {
      failed(error);
      archive.destroy(error);
    });
    content.pipe(entry as unknown as NodeJS.WritableStream);
  });
}
