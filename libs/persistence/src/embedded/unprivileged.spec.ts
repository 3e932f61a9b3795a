import { chmod, chown, lstat, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeLinks } from './postgres-binaries.js';
import { closedFolder } from './unprivileged.js';

describe('what the dropped ids can reach', () => {
  let folder: string;
  const stranger = { uid: 60_000, gid: 60_000 };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podway-reach-'));
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('names the outermost folder that is closed', async () => {
    const inner = join(folder, 'closed', 'inner');
    await mkdir(inner, { recursive: true });
    expect(await closedFolder(inner, stranger)).toBeUndefined();
    await chmod(join(folder, 'closed'), 0o700);
    expect(await closedFolder(inner, stranger)).toBe(join(folder, 'closed'));
    expect(await closedFolder(join(inner, 'not-made-yet'), stranger)).toBe(join(folder, 'closed'));
  });

  it('lets the owner pass', async () => {
    await chmod(folder, 0o700);
    const { uid, gid } = await lstat(folder);
    expect(await closedFolder(folder, { uid, gid })).toBeUndefined();
    if (uid === 0) {
      await chown(folder, stranger.uid, stranger.gid);
      expect(await closedFolder(folder, stranger)).toBeUndefined();
    }
  });

  it('makes the links that an installation without scripts leaves out, and only those', async () => {
    const library = join(folder, 'native', 'lib');
    await mkdir(library, { recursive: true });
    await writeFile(join(library, 'libx.so.6.18'), 'library');
    const links = ['libx.so', 'libx.so.6'].map((name) => ({
      source: 'native/lib/libx.so.6.18',
      target: `native/lib/${name}`,
    }));
    await writeFile(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));
    await makeLinks(folder);
    await makeLinks(folder);
    expect(await readlink(join(library, 'libx.so.6'))).toBe('libx.so.6.18');
    expect(await readFile(join(library, 'libx.so'), 'utf8')).toBe('library');
  });
});
