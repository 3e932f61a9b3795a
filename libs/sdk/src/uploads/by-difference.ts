import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import {
  MOST_DIFFERENCE_ENTRIES,
  type DifferenceEntry,
  type DifferenceView,
  type UploadedArtifactView,
} from '@podway/contracts';
import { addToArchive, folderEntries, tarSeconds } from '../pack-directory.js';
import type { Podway } from '../podway.js';
import { PackError } from '../sdk.errors.js';
import { counted } from './counted.js';
import type { FolderOptions, FolderUpload } from './publish-folder.js';
import { wordsOf } from './words.js';

const PATH = '/v1/uploads/differences';

/** Says what the folder holds and sends the contents that are missing. Undefined: it holds too much for that. */
export async function publishByDifference(
  podway: Podway,
  folder: string,
  { pod, label, reason, force, signal, onProgress }: FolderOptions & { pod: string },
): Promise<FolderUpload | undefined> {
  const entries = await describedFolder(folder);
  if (entries.length > MOST_DIFFERENCE_ENTRIES) return undefined;
  const description = { pod, entries };
  const upload = await podway.connection.json<DifferenceView>({
    ...{ method: 'POST', path: PATH, json: description, unlimited: true },
    ...(signal ? { signal } : {}),
  });
  const missing = new Set(upload.missing);
  const files = new Map<string, DifferenceEntry>();
  for (const entry of entries) if (missing.has(entry.sha256 ?? '')) files.set(entry.sha256 ?? '', entry);
  const total = [...files.values()].reduce((sum, { size = 0 }) => sum + size, 0);
  let bytes = 0;
  const told = Buffer.byteLength(JSON.stringify(description));
  const made = await podway.connection.json<UploadedArtifactView>({
    ...{ method: 'PUT', path: `${PATH}/${upload.id}`, headers: { 'content-type': 'application/gzip' } },
    body: () => {
      bytes = 0;
      let read = 0;
      const contents = contentsOf(folder, files, (more) => {
        read += more;
        onProgress?.(read, total);
      });
      return counted(contents, (more) => (bytes += more));
    },
    ...{ repeatable: true, unlimited: true },
    ...(signal ? { signal } : {}),
  });
  const published = await podway.publishArtifact(
    { pod, artifact: made.artifact, ...wordsOf({ label, reason, force }) },
    signal ? { signal } : {},
  );
  return { published, sent: { way: 'difference', bytesSent: told + bytes, bundleBytes: made.bytes } };
}

/** All that a folder holds, as an upload by difference and a plan say it. @throws PackError */
export async function describedFolder(folder: string): Promise<DifferenceEntry[]> {
  const entries: DifferenceEntry[] = [];
  for await (const { path, stats } of folderEntries(folder)) {
    const modified = tarSeconds(stats);
    if (stats.isDirectory()) entries.push({ path, kind: 'directory', modified });
    else if (stats.isSymbolicLink())
      entries.push({ path, kind: 'symlink', target: await readlink(join(folder, path)), modified });
    else if (!stats.isFile()) throw new PackError(path, 'it is neither a file, a folder nor a symbolic link');
    else {
      const hash = createHash('sha256');
      await piped(createReadStream(join(folder, path)), hash).catch((cause: unknown) => {
        throw new PackError(path, 'it cannot be read', cause);
      });
      const executable = (stats.mode & 0o111) !== 0;
      entries.push({
        path,
        kind: 'file',
        executable,
        size: stats.size,
        sha256: hash.digest('hex'),
        modified,
      });
    }
  }
  return entries;
}

/** A tar.gz of the contents, each named by its digest. */
function contentsOf(
  folder: string,
  files: ReadonlyMap<string, DifferenceEntry>,
  onBytes: (more: number) => void,
): Readable {
  async function* tar(): AsyncGenerator<Uint8Array> {
    const archive = pack();
    const fill = async (): Promise<void> => {
      for (const [name, { path, size = 0 }] of files) {
        const header = { name, size, mode: 0o644, mtime: new Date(0), type: 'file' as const };
        await addToArchive(archive, header, createReadStream(join(folder, path)));
        onBytes(size);
      }
      archive.finalize();
    };
    const filled = fill();
    filled.catch((error: Error) => archive.destroy(error));
    try {
      yield* archive as AsyncIterable<Uint8Array>;
    } catch (error) {
      await filled;
      throw error;
    }
  }
  const plain = Readable.from(tar(), { objectMode: false });
  return pipeline(plain, createGzip({ level: 6 }), () => undefined);
}
