import { expect, it } from 'vitest';
import { levels, levelsIn, levelsText } from './event-words.js';

it.each([
  [null, ['error', 'warning', 'notice', 'info']],
  ['error,warning', ['error', 'warning']],
  ['none', []],
  ['loud', []],
])('levels of the address %j', (text, chosen) => {
  expect(levelsIn(text)).toEqual(chosen);
});

it.each([[[...levels]], [['error']], [[]], [['info', 'notice']]])('%j are read back', (chosen: string[]) => {
  expect(levelsIn(levelsText(chosen)).sort()).toEqual([...chosen].sort());
});

it('leaves the usual levels out of the address', () => {
  expect(levelsText(levelsIn(null))).toBe('');
});
