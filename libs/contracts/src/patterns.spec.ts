import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABSOLUTE_PATH, ERROR_CODE, NAME, RELATIVE_PATH, SHA256, TIMESTAMP, ULID } from './patterns.js';

/** Characters that matter to a path or to a regular expression, U+2028 among them: `.` stops there. */
const piece = fc.constantFrom(
  '.',
  '..',
  '/',
  '//',
  'a',
  '-',
  ' ',
  '\u2028',
  '\u2029',
  '\u0085',
  '\n',
  '\\',
  '~',
  'é',
);
const paths = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(''));

describe('RELATIVE_PATH', () => {
  it.each(['a', 'uploads/', '.env', '..a', 'a..', '...', 'a/.b/..c', 'a b/ü', '-rf', '~root', 'a\u2028b'])(
    'takes %j',
    (path) => expect(path).toMatch(RELATIVE_PATH),
  );

  it.each([
    ...[
      '',
      '/',
      '/a',
      '.',
      '..',
      './a',
      '../a',
      'a/.',
      'a/..',
      'a/./b',
      'a/../b',
      'a//b',
      'a//',
      './',
      '../',
    ],
    ...['a\nb', 'a\0', '\u007f', '\u2028/../a', 'a\u2029/../../b', 'a/\u2028/..', 'a\r/../b'],
  ])('refuses %j', (path) => expect(path).not.toMatch(RELATIVE_PATH));

  it('never admits what leads out of the folder, or to the folder itself', () => {
    fc.assert(
      fc.property(paths, (path) => {
        if (!RELATIVE_PATH.test(path)) return;
        const reached = posix.resolve('/srv/shop', path);
        expect(reached.startsWith('/srv/shop/')).toBe(true);
        // It also names what it says, for readers that do not resolve it.
        expect(posix.normalize(path)).toBe(path);
      }),
      { numRuns: 20_000 },
    );
  });

  it('admits every path without odd parts', () => {
    const part = fc
      .string({ minLength: 1, maxLength: 20, unit: 'binary' })
      .filter((text) => !/[/\u0000-\u001f\u007f]/.test(text) && text !== '.' && text !== '..');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.boolean(), (parts, folder) => {
        expect(parts.join('/') + (folder ? '/' : '')).toMatch(RELATIVE_PATH);
      }),
    );
  });
});

describe('ABSOLUTE_PATH', () => {
  it.each(['/srv', '/srv/shop', '/srv/shop/', '/srv/.shop', '/srv/...'])('takes %j', (path) =>
    expect(path).toMatch(ABSOLUTE_PATH),
  );

  it.each([
    ...['', '/', '//', 'srv', '/srv//shop', '/srv/../etc', '/srv/.', '/..', '/srv/..', './srv', '/srv\n'],
    ...['/\u2028/../etc', '/srv\u2029/../../etc'],
  ])('refuses %j', (path) => expect(path).not.toMatch(ABSOLUTE_PATH));

  it('admits only what is already resolved, below the root', () => {
    fc.assert(
      fc.property(paths, (path) => {
        if (!ABSOLUTE_PATH.test(path)) return;
        expect(posix.normalize(path)).toBe(path);
        expect(posix.resolve(path)).not.toBe('/');
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('NAME', () => {
  it.each(['a', '0', 'shop', 'a-b', 'a--b', 'x'.repeat(63)])('takes %j', (name) =>
    expect(name).toMatch(NAME),
  );

  it.each([
    '',
    '-',
    '-a',
    'a-',
    'A',
    'a.b',
    'a_b',
    'a b',
    'a/b',
    '*',
    '#',
    'ä',
    'a\n',
    '\na',
    'x'.repeat(64),
  ])('refuses %j', (name) => expect(name).not.toMatch(NAME));

  it('admits nothing that means something in a routing key, a path, a host name or a shell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 70 }), (text) => {
        if (NAME.test(text)) expect(text).toMatch(/^[a-z0-9-]+$/);
      }),
    );
  });
});

describe('the other patterns', () => {
  it.each([
    [
      'ULID',
      ULID,
      '01JX4E7Q2M8V3K5N6P9R0S1T2W',
      ['01jx4e7q2m8v3k5n6p9r0s1t2w', '01JX4E7Q2M8V3K5N6P9R0S1T2', 'I'.repeat(26)],
    ],
    ['SHA256', SHA256, 'ab'.repeat(32), ['AB'.repeat(32), 'ab'.repeat(31), `${'ab'.repeat(32)}\n`]],
    ['ERROR_CODE', ERROR_CODE, 'SNAPSHOT.DISK_FULL', ['SNAPSHOT', 'Snapshot.X', 'SNAPSHOT.', '.X', 'A.B\n']],
    [
      'TIMESTAMP',
      TIMESTAMP,
      '2026-03-02T09:00:00.123Z',
      ['2026-03-02', '2026-03-02T09:00:00', '2026-03-02 09:00:00Z'],
    ],
  ])('%s', (_, pattern, good, bad) => {
    expect(good).toMatch(pattern);
    for (const one of bad) expect(one).not.toMatch(pattern);
  });
});

describe('all patterns', () => {
  // One that backtracks would take hours.
  it.each([
    ['NAME', NAME, 'a-'],
    ['RELATIVE_PATH', RELATIVE_PATH, 'a/'],
    ['RELATIVE_PATH', RELATIVE_PATH, '..a/'],
    ['ABSOLUTE_PATH', ABSOLUTE_PATH, '/a'],
    ['ERROR_CODE', ERROR_CODE, 'A.'],
    ['ERROR_CODE', ERROR_CODE, 'A'],
  ])('%s reads a megabyte of %j that it refuses in the end', (_, pattern, unit) => {
    expect(pattern.test(`${unit.repeat(500_000)}\n`)).toBe(false);
  });
});
