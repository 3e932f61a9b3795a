import { expect, it } from 'vitest';
import { canAbort, deploymentStates, isFinished } from '@podway/contracts';
import { isTerminal, sagaTable } from './saga-table.js';

it.each(deploymentStates)('what clients are told of %s is what the table does', (state) => {
  expect(canAbort(state)).toBe(sagaTable[state].abort !== 'ignored');
  expect(isFinished(state)).toBe(isTerminal(state));
});
