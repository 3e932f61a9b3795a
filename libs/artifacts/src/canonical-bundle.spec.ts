import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalBundle, type CanonicalEntry } from './canonical-bundle.js';
import { FileSpool, readFilesOf, receivedContents } from './file-spool.js';
import { inspectBundle, type InspectedFile } from './inspect-bundle.js';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const file = (path: string, text: string, more: Partial<CanonicalEntry> = {}): CanonicalEntry => ({
  ...{ path, kind: 'file', size: Buffer.byteLength(text), sha256: sha(text) },
  ...more,
});
const contents = new Map(['one', 'two', '', 'x'.repeat(700)].map((text) => [sha(text), text]));
const contentOf = ({ sha256 = '' }: CanonicalEntry): AsyncIterable<unknown> =>
  Readable.from([Buffer.from(contents.get(sha256) ?? '')]);

const entries: CanonicalEntry[] = [
  file('site/b.html', 'two', { modified: 1_700_000_000 }),
  { path: 'site', kind: 'directory' },
  file('site.txt', 'one', { executable: true }),
  file('site/a/empty', ''),
  file('site/a/long', 'x'.repeat(700)),
  { path: 'site/link', kind: 'symlink', target: 'b.html' },
];

describe('a canonical bundle', () => {
  it('is the same, whatever the order of its entries', async () => {
    const made = await buffer(canonicalBundle(entries, contentOf));
    expect(made.equals(await buffer(canonicalBundle(entries.toReversed(), contentOf)))).toBe(true);
    expect(sha(made.toString('latin1'))).toBe(
      sha((await buffer(canonicalBundle(entries, contentOf))).toString('latin1')),
    );
  });

  it('is a bundle like any other, with every file told', async () => {
    const files: InspectedFile[] = [];
    const inspection = await inspectBundle(canonicalBundle(entries, contentOf), {
      onFile: (one) => files.push(one),
    });
    expect(inspection.entries).toBe(entries.length);
    expect(files.map(({ path }) => path)).toEqual(['site/a/empty', 'site/a/long', 'site/b.html', 'site.txt']);
    for (const { path, sha256, bytes } of files) {
      expect(entries.find((entry) => entry.path === path)).toMatchObject({ sha256, size: bytes });
    }
  });

  it.each<[string, CanonicalEntry]>([
    ['BUNDLE.PATH_ESCAPES', file('../etc/passwd', 'one')],
    ['BUNDLE.PATH_ABSOLUTE', file('/etc/passwd', 'one')],
    ['BUNDLE.LINK_ESCAPES', { path: 'link', kind: 'symlink', target: '../../x' }],
    ['BUNDLE.DUPLICATE', file('site.txt', 'two')],
    ['BUNDLE.NAME_COLLISION', file('SITE.txt', 'two')],
    ['BUNDLE.NOT_A_FOLDER', file('site.txt/x', 'two')],
    ['BUNDLE.NAME_INVALID', file('a\u0001b', 'two')],
  ])('is refused with %s by the rules for every bundle', async (code, hostile) => {
    const bundle = canonicalBundle([...entries, hostile], contentOf);
    await expect(inspectBundle(bundle)).rejects.toMatchObject({ code });
  });
});

describe('the spool of contents', () => {
  let folder: string;
  let spool: FileSpool;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podway-spool-'));
    spool = await FileSpool.create(folder);
  });
  afterEach(async () => {
    await spool.remove();
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
  const tarOf = (files: Record<string, string>): Readable => {
    const archive = tar.pack();
    for (const [name, text] of Object.entries(files)) archive.entry({ name }, text);
    archive.finalize();
    return Readable.from(archive);
  };
  const wanted = new Map([
    [sha('one'), 3],
    [sha('two'), 3],
  ]);

  it('keeps what was asked for, from an upload and from a stored bundle', async () => {
    await receivedContents(tarOf({ [sha('one')]: 'one' }), wanted, spool);
    await readFilesOf(tarOf({ 'a/x': 'two', 'a/y': 'other' }), new Map([['a/x', sha('two')]]), spool);
    expect((await buffer(spool.read(sha('one')))).toString()).toBe('one');
    expect((await buffer(spool.read(sha('two')))).toString()).toBe('two');
  });

  it.each<[string, Record<string, string>]>([
    ['that is another', { [sha('one')]: 'two' }],
    ['of another size', { [sha('one')]: 'ones' }],
    ['that nobody asked for', { [sha('three')]: 'three' }],
    ['under another name', { 'podway.yaml': 'one' }],
  ])('refuses a content %s', async (_, files) => {
    await expect(receivedContents(tarOf(files), wanted, spool)).rejects.toMatchObject({
      code: 'UPLOAD.CONTENT_MISMATCH',
    });
  });
});
