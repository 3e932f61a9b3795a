import type { Readable } from 'node:stream';

/** The whole output as text. More than `maxBytes` rejects with `tooLarge()`; the rest is read and dropped. */
export function collected(output: Readable, maxBytes: number, tooLarge: () => Error): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    output.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) return chunks.push(chunk);
      chunks.length = 0;
      return reject(tooLarge());
    });
    output.once('error', reject);
    output.once('end', () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** The last `maxBytes` of the output as text. */
export function tailOf(output: Readable, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let tail = Buffer.alloc(0);
    output.on('data', (chunk: Uint8Array) => {
      tail = Buffer.concat([tail, chunk]);
      if (tail.length > maxBytes) tail = tail.subarray(tail.length - maxBytes);
    });
    output.once('error', reject);
    output.once('end', () => resolve(tail.toString()));
  });
}
