import { expect, it } from 'vitest';
import { finishedStates, shownStates } from '@podway/contracts';
import { exitCodeOf } from './exit-codes.js';

it.each([
  ['Succeeded', 0],
  ['Rejected', 4],
  ['Superseded', 5],
  ['Aborted', 5],
  ['Failed', 5],
  ['RolledBack', 5],
  ['RollbackFailed', 6],
] as const)('%s -> %i', (state, code) => {
  expect(exitCodeOf(state)).toBe(code);
});

it('has a code of its own for each finished state, and 7 for all others', () => {
  const waiting = shownStates.filter((state) => exitCodeOf(state) === 7);
  expect(waiting).toEqual(
    shownStates.filter((state) => !(finishedStates as readonly string[]).includes(state)),
  );
});
