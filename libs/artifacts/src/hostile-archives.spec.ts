import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inspectBundle } from './inspect-bundle.js';
import type { BundleFault } from './bundle.errors.js';
import type { BundleLimits } from './bundle-limits.js';

interface Raw {
  name: string | Buffer;
  type?: string;
  mode?: number;
  link?: string;
  data?: string | Buffer;
  /** The size field, when it is not that of the data. */
  size?: string;
  prefix?: string;
  magic?: string;
  checksum?: number;
}

/** One header block (POSIX.1-2017 ustar) and its data, made by hand: no tool would write most of these. */
function entry({
  name,
  type = '0',
  mode = 0o644,
  link = '',
  data = '',
  size,
  prefix = '',
  ...odd
}: Raw): Buffer {
  const content = Buffer.from(data);
  const block = Buffer.alloc(512);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  Buffer.from(name).copy(block, 0, 0, 100);
  block.write(octal(mode, 7), 100, 'latin1');
  block.write(octal(0, 7), 108, 'latin1');
  block.write(octal(0, 7), 116, 'latin1');
  block.write(size ?? octal(content.length, 11), 124, 12, 'latin1');
  block.write(octal(1_700_000_000, 11), 136, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(link, 157, 100);
  block.write(odd.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(prefix, 345, 155);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${(odd.checksum ?? sum).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (`${length}`.length + Buffer.byteLength(rest) !== length) length += 1;
  return `${length}${rest}`;
};
const pax = (...records: string[]): Buffer => entry({ name: 'PaxHeader', type: 'x', data: records.join('') });
const END = Buffer.alloc(1024);
const fine = entry({ name: 'index.html', data: '<h1>hello</h1>' });
const file = (name: string | Buffer, more: Partial<Raw> = {}): Buffer => entry({ name, data: 'x', ...more });
const link = (name: string, target: string): Buffer => entry({ name, type: '2', link: target });
const folder = (name: string, more: Partial<Raw> = {}): Buffer =>
  entry({ name, type: '5', mode: 0o755, ...more });
const tar = (...parts: Buffer[]): Buffer => Buffer.concat([fine, ...parts, END]);

type Case = [what: string, fault: BundleFault, archive: Buffer, limits?: Partial<BundleLimits>];

const escapes: Case[] = [
  ['a parent folder', 'PATH_ESCAPES', tar(file('../evil'))],
  ['a parent folder in the middle', 'PATH_ESCAPES', tar(file('a/../../evil'))],
  ['a parent folder at the end', 'PATH_ESCAPES', tar(folder('a/..'))],
  ['a parent folder that stays inside', 'PATH_ESCAPES', tar(file('a/../b'))],
  ['a parent folder after ./', 'PATH_ESCAPES', tar(file('./../evil'))],
  ['a parent folder as a folder', 'PATH_ESCAPES', tar(folder('../'))],
  ['an absolute path', 'PATH_ABSOLUTE', tar(file('/etc/cron.d/evil'))],
  ['an absolute path with two slashes', 'PATH_ABSOLUTE', tar(file('//etc/passwd'))],
  ['an absolute path in the prefix field', 'PATH_ABSOLUTE', tar(file('evil', { prefix: '/etc' }))],
  ['a parent folder in the prefix field', 'PATH_ESCAPES', tar(file('evil', { prefix: '../..' }))],
  ['a parent folder in a pax header', 'PATH_ESCAPES', tar(pax(record('path', '../evil')), file('good'))],
  [
    'an absolute path in a GNU long name',
    'PATH_ABSOLUTE',
    tar(entry({ name: '././@LongLink', type: 'L', data: '/etc/evil\0' }), file('good')),
  ],
  ['a link to an absolute path', 'LINK_ESCAPES', tar(link('a', '/etc/passwd'))],
  ['a link to a parent folder', 'LINK_ESCAPES', tar(link('a', '..'))],
  ['a link that climbs too far', 'LINK_ESCAPES', tar(link('a/b', '../../etc/passwd'))],
  [
    'a link out of it in a pax header',
    'LINK_ESCAPES',
    tar(pax(record('linkpath', '../evil')), link('a', 'good')),
  ],
  [
    'a link that climbs after going down, perhaps through a link',
    'LINK_ESCAPES',
    tar(link('d/up', '..'), link('y', 'd/up/..')),
  ],
  ['a file below a link', 'NOT_A_FOLDER', tar(link('a', 'b'), file('a/evil'))],
];

const special: Case[] = [
  ['a hard link', 'HARD_LINK', tar(entry({ name: 'a', type: '1', link: 'index.html' }))],
  ['a character device', 'SPECIAL_FILE', tar(entry({ name: 'a', type: '3' }))],
  ['a block device', 'SPECIAL_FILE', tar(entry({ name: 'a', type: '4' }))],
  ['a FIFO', 'SPECIAL_FILE', tar(entry({ name: 'a', type: '6' }))],
  ['a contiguous file', 'SPECIAL_FILE', tar(file('a', { type: '7' }))],
  ['a sparse file', 'SPECIAL_FILE', tar(pax(record('GNU.sparse.major', '1')), file('a'))],
  ['a set-user-id program', 'SPECIAL_MODE', tar(file('a', { mode: 0o4755 }))],
  ['a set-group-id folder', 'SPECIAL_MODE', tar(folder('a', { mode: 0o2755 }))],
];

const names: Case[] = [
  ['a line break', 'NAME_INVALID', tar(file('a\nb'))],
  ['a tab', 'NAME_INVALID', tar(file('a\tb'))],
  ['an escape sequence', 'NAME_INVALID', tar(file('a\u001b[2Jb'))],
  ['a backslash', 'NAME_INVALID', tar(file('..\\..\\evil'))],
  ['bytes that are not UTF-8', 'NAME_INVALID', tar(file(Buffer.from([0x61, 0xff, 0x62])))],
  ['an empty part', 'NAME_INVALID', tar(file('a//b'))],
  ['a dot as a part', 'NAME_INVALID', tar(file('a/./b'))],
  ['a NUL in a pax header', 'NAME_INVALID', tar(pax(record('path', 'good\0evil')), file('good'))],
  ['names that differ by case', 'NAME_COLLISION', tar(file('Readme/a'), file('README/b'))],
  ['names that differ by their Unicode form', 'NAME_COLLISION', tar(file('caf\u00e9'), file('cafe\u0301'))],
];

const resources: Case[] = [
  [
    'too many entries',
    'TOO_MANY_ENTRIES',
    tar(...Array.from({ length: 20 }, (_, n) => file(`f${n}`))),
    { maxEntries: 20 },
  ],
  ['too many bytes', 'TOO_LARGE', tar(file('a', { data: 'x'.repeat(1000) })), { maxBytes: 1000 }],
  ['a size that is only claimed', 'TOO_LARGE', tar(entry({ name: 'a', size: '77777777777\0' }))],
  ['a gzip bomb', 'RATIO', gzipSync(tar(file('a', { data: Buffer.alloc(32 * 1024 * 1024) }))), {}],
  ['too many folders within each other', 'PATH_TOO_DEEP', tar(file(`${'d/'.repeat(20)}f`)), { maxDepth: 20 }],
  [
    'a path that is too long',
    'PATH_TOO_LONG',
    tar(pax(record('path', 'abcdefgh/'.repeat(10) + 'f'.repeat(300))), file('f')),
  ],
];

const others: Case[] = [
  ['no bytes', 'TRUNCATED', Buffer.alloc(0)],
  ['no end mark', 'TRUNCATED', fine],
  ['half an entry', 'TRUNCATED', tar(file('a', { data: 'x'.repeat(2000) })).subarray(0, 2100)],
  ['half of the compressed bytes', 'TRUNCATED', gzipSync(tar()).subarray(0, 90)],
  ['bytes after the end mark', 'TRAILING_DATA', Buffer.concat([tar(), Buffer.from('more')])],
  ['an entry after the end mark', 'TRAILING_DATA', Buffer.concat([tar(), file('hidden'), END])],
  [
    'an entry after half an end mark',
    'MALFORMED',
    Buffer.concat([fine, Buffer.alloc(512), file('hidden'), END]),
  ],
  ['the same file twice', 'DUPLICATE', tar(file('a'), file('a'))],
  ['a file where a folder is', 'NOT_A_FOLDER', tar(file('a/b'), file('a'))],
  ['a wrong checksum', 'MALFORMED', tar(file('a', { checksum: 1234 }))],
  ['a size that readers read differently', 'MALFORMED', tar(pax(record('size', '9')), file('a'))],
  ['something that is no archive', 'FORMAT', Buffer.from('PK\u0003\u0004'.padEnd(2048, 'zip'))],
];

/** In small and odd pieces too: what is found must not hang on how the bytes come. */
function pieces(archive: Buffer, size: number): Readable {
  const parts = Array.from({ length: Math.ceil(archive.length / size) }, (_, n) =>
    archive.subarray(n * size, (n + 1) * size),
  );
  return Readable.from(parts, { objectMode: false });
}

describe('hostile archives', () => {
  it('are the number that was agreed', () => {
    expect([escapes, special, names, resources, others].map((table) => table.length)).toEqual([
      18, 8, 10, 6, 12,
    ]);
  });

  describe.each([
    ['escapes', escapes],
    ['special files', special],
    ['names', names],
    ['resources', resources],
    ['others', others],
  ])('%s', (_, table) => {
    it.each(table)('%s is refused as %s', async (_what, fault, archive, limits) => {
      const sizes = archive.length > 1_000_000 ? [65_536] : [archive.length || 1, 700, 7];
      const packed =
        archive[0] === 0x1f ? [archive] : archive.length === 0 ? [archive] : [archive, gzipSync(archive)];
      for (const bytes of packed) {
        for (const size of sizes) {
          await expect(inspectBundle(pieces(bytes, size), { limits })).rejects.toMatchObject({
            code: `BUNDLE.${fault}`,
            retryable: false,
          });
        }
      }
    });
  });

  it.each([
    [
      'bytes after the compressed data',
      Buffer.concat([gzipSync(tar()), Buffer.from('more bytes than a header')]),
    ],
    ['zeros after the compressed data', Buffer.concat([gzipSync(tar()), Buffer.alloc(512)])],
    ['a second compressed part', Buffer.concat([gzipSync(tar()), gzipSync(tar())])],
  ])('%s are refused', async (_, archive) => {
    for (const size of [archive.length, gzipSync(tar()).length, 7]) {
      await expect(inspectBundle(pieces(archive, size))).rejects.toMatchObject({
        code: expect.stringMatching(/^BUNDLE\.(TRAILING_DATA|MALFORMED)$/) as string,
      });
    }
  });
});
