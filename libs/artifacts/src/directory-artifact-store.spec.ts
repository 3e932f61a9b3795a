import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryArtifactStore } from './directory-artifact-store.js';

let folder: string;
let store: DirectoryArtifactStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podway-artifacts-'));
  store = new DirectoryArtifactStore(folder, { maxBytes: 3_000_000 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const content = Buffer.from('bundle '.repeat(200_000));
const digest = createHash('sha256').update(content).digest('hex');
const streamed = (bytes = content): Readable =>
  Readable.from([bytes.subarray(0, 100_001), bytes.subarray(100_001)]);
const files = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map(({ name }) => name);

describe('a directory of artifacts', () => {
  it('gives back what was put, by the digest of its content', async () => {
    expect(await store.put(streamed())).toEqual({ digest, bytes: content.length });
    expect(await store.stat(digest)).toEqual({ digest, bytes: content.length });
    expect(content.equals(await buffer(await store.open(digest)))).toBe(true);
  });

  it('keeps the same content once, also when it comes several times at once', async () => {
    const stored = await Promise.all([1, 2, 3].map(() => store.put(streamed())));
    expect(new Set(stored.map((one) => one.digest))).toEqual(new Set([digest]));
    expect(await files()).toEqual([digest]);
  });

  it('forgets what is deleted', async () => {
    await store.put(streamed());
    await store.delete(digest);
    await store.delete(digest);
    expect(await store.stat(digest)).toBeUndefined();
    await expect(store.open(digest)).rejects.toMatchObject({ code: 'ARTIFACT.NOT_FOUND' });
  });

  it.each(['', 'abc', '../../etc/passwd', `${'a'.repeat(62)}/b`])(
    'knows nothing of the digest "%s"',
    async (odd) => {
      await expect(store.open(odd)).rejects.toMatchObject({ code: 'ARTIFACT.NOT_FOUND' });
      expect(await store.stat(odd)).toBeUndefined();
      await store.delete(odd);
    },
  );

  it('leaves nothing of an upload that breaks off or is too large', async () => {
    const broken = Readable.from(
      (async function* () {
        yield content;
        await Promise.resolve();
        throw new Error('the publisher went away');
      })(),
    );
    await expect(store.put(broken)).rejects.toThrow('the publisher went away');
    await expect(store.put(streamed(Buffer.alloc(3_000_001)))).rejects.toMatchObject({
      code: 'ARTIFACT.TOO_LARGE',
    });
    expect(await files()).toEqual([]);
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ['cut', (file) => truncate(file, 1000)],
    ['changed', (file) => writeFile(file, 'other')],
    ['emptied', (file) => truncate(file, 0)],
  ])('does not pass on content that was %s on disk', async (_, damage) => {
    await store.put(streamed());
    await damage(join(folder, digest.slice(0, 2), digest));
    await expect(buffer(await store.open(digest))).rejects.toMatchObject({ code: 'ARTIFACT.CORRUPT' });
  });

  it('removes what a killed process has left, and not what is still being written', async () => {
    await store.put(streamed());
    await writeFile(join(folder, 'incoming', 'old'), 'x');
    await utimes(join(folder, 'incoming', 'old'), new Date(0), new Date(0));
    await writeFile(join(folder, 'incoming', 'new'), 'x');
    expect(await store.removeAbandoned({ olderThanMs: 3_600_000 })).toBe(1);
    expect((await files()).sort()).toEqual([digest, 'new'].sort());
  });
});
