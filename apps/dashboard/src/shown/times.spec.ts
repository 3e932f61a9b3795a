import { expect, it } from 'vitest';
import { agoOf, lengthOf } from './times.js';

it.each([
  [0, '0 ms'],
  [999.7, '999 ms'],
  [1_000, '1.0 s'],
  [59_990, '59.9 s'],
  [60_000, '1 min 0 s'],
  [239_800, '3 min 59 s'],
  [3_600_000, '1 h 0 min'],
  [7_199_000, '1 h 59 min'],
  [7_200_000, '2 h 0 min'],
])('%d ms are %s', (ms, text) => {
  expect(lengthOf(ms)).toBe(text);
});

it.each([
  [4_000, 'just now'],
  [59_000, '59 s ago'],
  [60_000, '1 min ago'],
  [3_599_000, '59 min ago'],
  [86_400_000, '1 d ago'],
  [-5_000, 'just now'],
])('%d ms before is %s', (ms, text) => {
  expect(agoOf(0, ms)).toBe(text);
});
