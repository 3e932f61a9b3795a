import { expect, it } from 'vitest';
import { colorsFor, duration, fitted, harmless, table, wrapped } from './text.js';

it.each([
  [0, '0.0 s'],
  [1_234, '1.2 s'],
  [9_949, '9.9 s'],
  [12_400, '12 s'],
  [65_000, '1 min 05 s'],
])('%i ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('lines columns up and cuts what is too wide', () => {
  expect(
    table(
      [
        ['a', 'bb', 'c'],
        ['aaa', '', 'x'.repeat(20)],
      ],
      14,
    ),
  ).toEqual(['a    bb  c', 'aaa      xxxx…']);
  expect(table([])).toEqual([]);
  expect(fitted('äöü', 2)).toBe('ä…');
});

it('breaks texts into lines', () => {
  expect(wrapped('one two three four', 12, 2)).toEqual(['  one two', '  three four']);
  expect(wrapped('its key is AAAAB3NzaC1yc2E in full', 12, 2).join('').replaceAll(' ', '')).toBe(
    'itskeyisAAAAB3NzaC1yc2Einfull',
  );
  expect(wrapped('one two three four', Infinity, 2)).toEqual(['  one two three four']);
});

it('lets nothing through that steers a terminal', () => {
  expect(harmless('a\u001b[2Jb\r\nc\u009bd')).toBe('a [2Jb c d');
});

it('colours terminals only, and not with NO_COLOR', () => {
  const stdout = { write: () => true, isTTY: true };
  expect(colorsFor({ stdout, env: {} }).isColorSupported).toBe(true);
  expect(colorsFor({ stdout, env: { NO_COLOR: '1' } }).isColorSupported).toBe(false);
  expect(colorsFor({ stdout, env: { TERM: 'dumb' } }).isColorSupported).toBe(false);
  expect(colorsFor({ stdout: { write: () => true }, env: {} }).isColorSupported).toBe(false);
});
