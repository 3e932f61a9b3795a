import { deploymentStates, steps } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { renderSagaDocument } from './diagram.js';
import { ownSaga, sagaMessages } from './reactions.js';

describe('renderSagaDocument', () => {
  const document = renderSagaDocument();

  it('draws every state and its ends', () => {
    for (const state of deploymentStates) expect(document).toMatch(new RegExp(`--> ${state}:`));
    expect(document).toContain('  Snapshotting --> Installing: SnapshotTaken\n');
    expect(document).toContain('  Snapshotting --> RollingBack: SnapshotTaken once aborted\n');
    expect(document).toContain('  Succeeded --> [*]\n');
  });

  it('has a row for every command and every message', () => {
    for (const step of steps) expect(document).toMatch(new RegExp(`^\\| ${step} \\| `, 'm'));
    const rows = document.split('\n').filter((line) => line.startsWith('| '));
    expect(rows.length).toBe(sagaMessages(ownSaga()).length + steps.length + 4);
    expect(document).not.toContain('UNHANDLED');
  });

  it('shows a pair that nobody handles', () => {
    const { grid, table } = ownSaga();
    const holed = { grid: { ...grid, Verifying: [] }, table };
    expect(renderSagaDocument(holed)).toContain('**UNHANDLED**');
  });
});
