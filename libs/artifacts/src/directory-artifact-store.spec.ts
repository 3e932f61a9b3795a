import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { describeStore, MOST_BYTES, type StoreUnderTest } from '../test/store-contract.js';
import { DirectoryArtifactStore } from './directory-artifact-store.js';

async function start(): Promise<StoreUnderTest & { store: DirectoryArtifactStore; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'podway-artifacts-'));
  return {
    store: new DirectoryArtifactStore(folder, { maxBytes: MOST_BYTES }),
    folder,
    damage: (digest, content) => writeFile(join(folder, digest.slice(0, 2), digest), content),
    everything: async () =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((one) => one.isFile())
        .map(({ name }) => name),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

describeStore('a directory of artifacts', start);

it('removes what a killed process has left, and not what is still being written', async () => {
  const { store, folder, everything, close } = await start();
  const { digest } = await store.put(Readable.from([Buffer.from('a bundle')], { objectMode: false }));
  await writeFile(join(folder, 'incoming', 'old'), 'x');
  await utimes(join(folder, 'incoming', 'old'), new Date(0), new Date(0));
  await writeFile(join(folder, 'incoming', 'new'), 'x');
  expect(await store.removeAbandoned({ olderThanMs: 3_600_000 })).toBe(1);
  expect((await everything()).sort()).toEqual([digest, 'new'].sort());
  await close();
});
