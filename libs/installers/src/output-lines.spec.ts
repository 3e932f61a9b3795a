import { expect, it } from 'vitest';
import fc from 'fast-check';
import { OutputLines } from './output-lines.js';

function linesOf(...parts: string[]): string[] {
  const lines = new OutputLines();
  return [...parts.flatMap((part) => lines.push(part)), ...lines.end()];
}

it.each<[string[], string[]]>([
  [['a\nb\n'], ['a', 'b']],
  [['a\n\nb'], ['a', '', 'b']],
  [[''], []],
  [['\n'], ['']],
  [
    ['he', 'llo\nwor', 'ld'],
    ['hello', 'world'],
  ],
  [['a\r\nb\r\n'], ['a', 'b']],
  [
    ['a\r', '\nb'],
    ['a', 'b'],
  ],
  [['10%\r20%\r100%\ndone\n'], ['100%', 'done']],
  [['10%\r', '20%', '\r100%', '\r\n'], ['100%']],
  [['10%\r20%'], ['20%']],
  [
    ['ä', 'ö\nü'],
    ['äö', 'ü'],
  ],
])('%j', (parts, lines) => {
  expect(linesOf(...parts)).toEqual(lines);
});

it('gives the same lines, however the output comes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ä', '\r', '\n', ' '), maxLength: 60 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(60)), (output, cuts) => {
      const places = [0, ...cuts.map((at) => Math.min(at, output.length)).sort((a, b) => a - b)];
      const parts = places.map((at, index) => output.slice(at, places[index + 1]));
      expect(linesOf(...parts)).toEqual(linesOf(output));
    }),
  );
});

it('holds back no more of a line without an end than it has to', () => {
  const lines = new OutputLines();
  for (let n = 0; n < 1_000; n += 1) lines.push('x'.repeat(1_000));
  expect(lines.push('\n')[0]?.length).toBeLessThan(20_000);
  for (let n = 0; n < 1_000; n += 1) lines.push(`\r${n}%`);
  expect(lines.end()).toEqual(['999%']);
});
