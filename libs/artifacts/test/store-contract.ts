import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore, ListedArtifact } from '../src/artifact-store.js';

export interface StoreUnderTest {
  readonly store: ArtifactStore;
  /** Changes the stored bytes behind the store's back. */
  damage(digest: string, content: Buffer): Promise<void>;
  /** Everything that lies in the store, unfinished uploads included. */
  everything(): Promise<string[]>;
  close(): Promise<void>;
}

export const MOST_BYTES = 12 * 1024 * 1024;

/** More than one part, and not of one kind. */
const content = Buffer.concat([randomBytes(1024 * 1024), Buffer.from('bundle '.repeat(1_300_000))]);
export const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const digest = digestOf(content);

function streamed(bytes = content): Readable {
  return Readable.from([bytes.subarray(0, 100_001), bytes.subarray(100_001)], { objectMode: false });
}

/** What every adapter of the artifact store must do. */
export function describeStore(name: string, start: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest;
  let store: ArtifactStore;
  beforeEach(async () => {
    under = await start();
    ({ store } = under);
  });
  afterEach(() => under.close());
  const listed = async (): Promise<ListedArtifact[]> => {
    const all: ListedArtifact[] = [];
    for await (const one of store.list()) all.push(one);
    return all;
  };

  describe(name, () => {
    it('gives back what was put, by the digest of its content', async () => {
      expect(await store.put(streamed())).toEqual({ digest, bytes: content.length });
      expect(await store.stat(digest)).toEqual({ digest, bytes: content.length });
      expect(content.equals(await buffer(await store.open(digest)))).toBe(true);
    });

    it('keeps the same content once, also when it comes several times at once', async () => {
      const stored = await Promise.all([1, 2, 3].map(() => store.put(streamed())));
      expect(new Set(stored.map((one) => one.digest))).toEqual(new Set([digest]));
      expect((await listed()).map((one) => one.digest)).toEqual([digest]);
      expect(await under.everything()).toHaveLength(1);
    });

    it('lists what is stored, and nothing else', async () => {
      expect(await listed()).toEqual([]);
      await store.put(streamed());
      const small = Buffer.from('small');
      await store.put(streamed(small));
      const all = (await listed()).sort((a, b) => a.bytes - b.bytes);
      expect(all.map(({ digest: of, bytes }) => ({ of, bytes }))).toEqual([
        { of: digestOf(small), bytes: 5 },
        { of: digest, bytes: content.length },
      ]);
      for (const { storedAt } of all) expect(Math.abs(Date.now() - storedAt.getTime())).toBeLessThan(60_000);
    });

    it('shows nothing before the last byte is there', async () => {
      let proceed = (): void => undefined;
      const halfway = new Promise<void>((resolve) => (proceed = resolve));
      const slow = Readable.from(
        (async function* () {
          yield content.subarray(0, content.length - 1);
          await halfway;
          yield content.subarray(content.length - 1);
        })(),
        { objectMode: false },
      );
      const putting = store.put(slow);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await store.stat(digest)).toBeUndefined();
      expect(await listed()).toEqual([]);
      proceed();
      await putting;
      expect(await store.stat(digest)).toMatchObject({ bytes: content.length });
    });

    it('forgets what is deleted, and takes it again', async () => {
      await store.put(streamed());
      await store.delete(digest);
      await store.delete(digest);
      expect(await store.stat(digest)).toBeUndefined();
      await expect(store.open(digest)).rejects.toMatchObject({ code: 'ARTIFACT.NOT_FOUND' });
      await store.put(streamed());
      expect(content.equals(await buffer(await store.open(digest)))).toBe(true);
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
      await expect(store.put(streamed(Buffer.alloc(MOST_BYTES + 1)))).rejects.toMatchObject({
        code: 'ARTIFACT.TOO_LARGE',
      });
      expect(await under.everything()).toEqual([]);
    });

    it.each<[string, Buffer]>([
      ['cut', content.subarray(0, 1000)],
      ['changed', Buffer.from('other')],
      ['emptied', Buffer.alloc(0)],
    ])('does not pass on content that was %s', async (_, instead) => {
      await store.put(streamed());
      await under.damage(digest, instead);
      await expect(buffer(await store.open(digest))).rejects.toMatchObject({ code: 'ARTIFACT.CORRUPT' });
    });
  });
}
