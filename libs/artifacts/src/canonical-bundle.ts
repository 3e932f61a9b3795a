import { Readable } from 'node:stream';
import { pack, type Header, type Pack } from 'tar-stream';
import { writeInto } from './archive-writing.js';

/** An entry of a bundle that is made from its description. */
export interface CanonicalEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly executable?: boolean | undefined;
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  readonly target?: string | undefined;
  /** Seconds since 1970. */
  readonly modified?: number | undefined;
}

/**
 * A bundle as an uncompressed tar: folders before what is in them, names in the order of their bytes, owner 0:0, modes
 * 0644, 0755 and 0777. The same entries with the same contents give the same bytes, in whatever order they come.
 * `contentOf` gives a file's content, of exactly its size.
 */
export function canonicalBundle(
  entries: readonly CanonicalEntry[],
  contentOf: (entry: CanonicalEntry) => AsyncIterable<unknown>,
): Readable {
  const ordered = entries
    .map((entry) => ({ entry, names: entry.path.split('/').map((name) => Buffer.from(name)) }))
    .sort((a, b) => byNames(a.names, b.names));
  async function* bytes(): AsyncGenerator<unknown, void, undefined> {
    const archive = pack();
    const fill = async (): Promise<void> => {
      for (const { entry } of ordered) await add(archive, entry, contentOf);
      archive.finalize();
    };
    fill().catch((error: Error) => archive.destroy(error));
    yield* archive;
  }
  return Readable.from(bytes(), { objectMode: false, highWaterMark: 1024 * 1024 });
}

function byNames(a: readonly Buffer[], b: readonly Buffer[]): number {
  for (let depth = 0; depth < a.length && depth < b.length; depth += 1) {
    const order = Buffer.compare(a[depth] as Buffer, b[depth] as Buffer);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function headerOf(entry: CanonicalEntry): Partial<Header> & Pick<Header, 'name'> {
  const common = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date((entry.modified ?? 0) * 1000) };
  if (entry.kind === 'directory')
    return { ...common, name: `${entry.path}/`, type: 'directory', mode: 0o755 };
  if (entry.kind === 'symlink')
    return { ...common, name: entry.path, type: 'symlink', linkname: entry.target ?? '', mode: 0o777 };
  const mode = entry.executable ? 0o755 : 0o644;
  return { ...common, name: entry.path, type: 'file', mode, size: entry.size ?? 0 };
}

/** Resolves when the entry is wholly in the archive. */
function add(
  archive: Pack,
  entry: CanonicalEntry,
  contentOf: (entry: CanonicalEntry) => AsyncIterable<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = archive.entry(headerOf(entry), (error) => (error ? reject(error) : resolve()));
    sink.on('error', reject);
    if (entry.kind === 'file' && entry.size) writeInto(sink, contentOf(entry)).catch(reject);
    else if (entry.kind === 'file') sink.end(undefined);
  });
}
