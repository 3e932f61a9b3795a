import { randomBytes } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packDirectory } from './pack-directory.js';
import { PackError } from './sdk.errors.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podway-pack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Entry {
  name: string;
  type: string;
  mode: number;
  mtime: number;
  linkname: string | null;
  content: string;
}

async function entriesOf(packed: Buffer): Promise<Entry[]> {
  const entries: Entry[] = [];
  const reader = extract();
  reader.end(gunzipSync(packed));
  for await (const entry of reader) {
    const { name, type, mode, mtime, linkname } = entry.header;
    const content = (await buffer(entry as AsyncIterable<Buffer>)).toString();
    entries.push({ name, type, mode, mtime: mtime?.getTime(), linkname, content } as Entry);
  }
  return entries;
}

async function site(): Promise<void> {
  await mkdir(join(folder, 'b/empty'), { recursive: true });
  await writeFile(join(folder, 'b/ä.txt'), 'ä');
  await writeFile(join(folder, 'a.sh'), '#!/bin/sh\n');
  await chmod(join(folder, 'a.sh'), 0o700);
  await writeFile(join(folder, 'B'), '');
  await symlink('b/ä.txt', join(folder, 'link'));
  await mkdir(join(folder, '.podway'));
  await writeFile(join(folder, '.podway/admin.key'), 'secret');
  await mkdir(join(folder, '.git'));
  await writeFile(join(folder, '.git/config'), 'x');
  for (const name of ['a.sh', 'B', 'b/ä.txt', 'b/empty', 'b']) {
    await utimes(join(folder, name), 1_700_000_000, 1_700_000_000.75);
  }
}

it('packs files, folders and links, sorted, without owners, .git and .podway', async () => {
  await site();
  const entries = await entriesOf(await buffer(packDirectory(folder)));
  expect(entries.map(({ name }) => name)).toEqual(['B', 'a.sh', 'b/', 'b/empty/', 'b/ä.txt', 'link']);
  expect(entries[1]).toMatchObject({
    type: 'file',
    mode: 0o755,
    content: '#!/bin/sh\n',
    mtime: 1_700_000_000_000,
  });
  expect(entries[4]).toMatchObject({ type: 'file', mode: 0o644, content: 'ä' });
  expect(entries[5]).toMatchObject({ type: 'symlink', linkname: 'b/ä.txt' });
});

it('gives the same bytes for the same folder', async () => {
  await site();
  const first = await buffer(packDirectory(folder));
  expect((await buffer(packDirectory(folder))).equals(first)).toBe(true);
  await writeFile(join(folder, 'B'), 'changed');
  expect((await buffer(packDirectory(folder))).equals(first)).toBe(false);
});

it('streams a large file', async () => {
  await writeFile(join(folder, 'large'), Buffer.alloc(20 * 1024 * 1024, 7));
  const [entry] = await entriesOf(await buffer(packDirectory(folder)));
  expect(entry?.content).toHaveLength(20 * 1024 * 1024);
});

it('packs many files', async () => {
  await Promise.all(Array.from({ length: 2_000 }, (_, n) => writeFile(join(folder, `f${n}`), String(n))));
  expect(await entriesOf(await buffer(packDirectory(folder)))).toHaveLength(2_000);
});

it('tells what cannot be packed', async () => {
  await expect(buffer(packDirectory(join(folder, 'none')))).rejects.toThrow(PackError);
  await writeFile(join(folder, 'file'), 'x');
  await expect(buffer(packDirectory(join(folder, 'file')))).rejects.toMatchObject({
    code: 'SDK.CANNOT_PACK',
  });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
  await expect(buffer(packDirectory(folder))).rejects.toMatchObject({
    code: 'SDK.CANNOT_PACK',
    details: { path: 'socket' },
  });
  await new Promise((resolve) => server.close(resolve));
});

it('tells a file that gets shorter while it is read', async () => {
  const file = join(folder, 'large');
  await writeFile(file, randomBytes(16 * 1024 * 1024));
  const packed = packDirectory(folder);
  const reading = (async () => {
    // Far from all is read ahead when the first bytes come.
    for await (const _ of packed) truncateSync(file, 10);
  })();
  await expect(reading).rejects.toMatchObject({ code: 'SDK.CANNOT_PACK', details: { path: 'large' } });
});
