import { describe, expect, it } from 'vitest';
import type { ShownState, StageView } from '@podway/contracts';
import { figOf, pipelineOf } from './pipeline.js';

/** Stages in this order, each of a second; the last one is present. */
function deployment(...states: ShownState[]) {
  const stages = states.map((state, n): StageView => ({
    state,
    startedAt: new Date(n * 1_000).toISOString(),
    ...(n + 1 < states.length ? { durationMs: 1_000 } : {}),
    cause: 'x',
    ...(state === 'RollingBack' || state === 'Failed' ? { detail: 'the page is broken' } : {}),
  }));
  return { state: states.at(-1) ?? 'Submitted', stages };
}

const before = ['Authenticating', 'Resolving', 'SelectingCanary', 'Snapshotting', 'Installing'] as const;
const statuses = (...states: ShownState[]) => {
  const { forward, back } = pipelineOf(deployment(...states));
  return [forward.map((step) => step.status).join(' '), back.map((step) => step.status).join(' ')];
};

describe('the steps of FIG. 2', () => {
  it.each([
    [['Submitted'], 'running todo todo todo todo todo todo', ''],
    [['Authenticating', 'Resolving', 'Queued'], 'done waiting todo todo todo todo todo', ''],
    [[...before], 'done done done running todo todo todo', ''],
    [[...before, 'Verifying', 'AwaitingApproval'], 'done done done done waiting todo todo', ''],
    [
      [...before, 'Verifying', 'Replicating', 'Confirming', 'Succeeded'],
      'done done done done done done done',
      '',
    ],
    [[...before, 'Verifying', 'RollingBack'], 'done done done done failed skipped skipped', 'running todo'],
    [
      [...before, 'RollingBack', 'ConfirmingRollback', 'RolledBack'],
      'done done done failed skipped skipped skipped',
      'done done',
    ],
    [
      [...before, 'Verifying', 'RollingBack', 'RollbackFailed'],
      'done done done done failed skipped skipped',
      'failed skipped',
    ],
    [['Authenticating', 'Rejected'], 'failed skipped skipped skipped skipped skipped skipped', ''],
    [
      ['Authenticating', 'Resolving', 'Queued', 'Aborted'],
      'done failed skipped skipped skipped skipped skipped',
      '',
    ],
  ] as [ShownState[], string, string][])('after %j', (states, forward, back) => {
    expect(statuses(...states)).toEqual([forward, back]);
  });

  it.each([
    [['Succeeded'], 'forgotten forgotten forgotten forgotten forgotten forgotten forgotten', ''],
    [
      ['Verifying', 'RollingBack', 'ConfirmingRollback', 'RolledBack'],
      'forgotten forgotten forgotten forgotten failed skipped skipped',
      'done done',
    ],
  ] as [ShownState[], string, string][])('whose beginning is gone, after %j', (states, forward, back) => {
    expect(statuses(...states)).toEqual([forward, back]);
  });

  it('are all gone with the last event', () => {
    const { forward, back } = pipelineOf({ state: 'RolledBack', stages: [] });
    expect(new Set(forward.map((step) => step.status))).toEqual(new Set(['forgotten']));
    expect(back).toEqual([]);
  });

  it('add up their times and tell why they failed', () => {
    const { forward } = pipelineOf(deployment(...before, 'Verifying', 'RollingBack'));
    expect(forward[1]).toMatchObject({ fig: '208', name: 'Resolve', durationMs: 2_000 });
    expect(forward[4]).toMatchObject({ fig: '214', status: 'failed', detail: 'the page is broken' });
  });
});

it.each([
  ['Installing', '212'],
  ['ConfirmingRollback', '218'],
  ['Queued', undefined],
  ['Succeeded', undefined],
] as const)('%s is %s of FIG. 2', (state, fig) => {
  expect(figOf(state)).toBe(fig);
});
