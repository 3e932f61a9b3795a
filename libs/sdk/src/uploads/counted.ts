import { pipeline, Readable, Transform } from 'node:stream';
import { packDirectory } from '../pack-directory.js';

/** The same stream, for `fetch`; told of every byte that goes through. */
export function counted(source: Readable, onBytes: (more: number) => void): ReadableStream<Uint8Array> {
  const counting = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
  return Readable.toWeb(pipeline(source, counting, () => undefined)) as ReadableStream<Uint8Array>;
}

export function countedFolder(folder: string, onBytes: (more: number) => void): ReadableStream<Uint8Array> {
  return counted(packDirectory(folder), onBytes);
}
