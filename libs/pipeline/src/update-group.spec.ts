import { describe, expect, it } from 'vitest';
import type { DeploymentState, UpdateMode } from '@podway/contracts';
import { phaseOf, waitsFor, wordFor, type GroupPhase, type GroupView } from './update-group.js';

function group(mode: UpdateMode, phase: GroupPhase, ...states: DeploymentState[]): GroupView {
  const members = states.map((state, position) => ({
    ...{ deploymentId: `D${position}`, pod: ['eu', 'us', 'asia'][position] ?? '', position, state },
  }));
  return { mode, phase, size: 3, begun: false, members };
}

// prettier-ignore
const phases: [UpdateMode, GroupPhase, DeploymentState[], GroupPhase][] = [
  ['all-or-nothing', 'canaries',  ['AwaitingCanaries', 'AwaitingCanaries', 'Verifying'],        'canaries'],
  ['all-or-nothing', 'canaries',  ['AwaitingCanaries', 'AwaitingCanaries', 'AwaitingCanaries'], 'released'],
  // The third has not begun yet.
  ['all-or-nothing', 'canaries',  ['AwaitingCanaries', 'AwaitingCanaries'],                     'canaries'],
  ['all-or-nothing', 'canaries',  ['AwaitingCanaries', 'RollingBack', 'Queued'],                'failed'],
  ['all-or-nothing', 'canaries',  ['AwaitingCanaries', 'Rejected', 'Queued'],                   'failed'],
  ['all-or-nothing', 'released',  ['AwaitingPods', 'Confirming', 'AwaitingApproval'],           'released'],
  ['all-or-nothing', 'released',  ['AwaitingPods', 'AwaitingPods', 'AwaitingPods'],             'confirmed'],
  ['all-or-nothing', 'released',  ['AwaitingPods', 'AwaitingPods', 'RolledBack'],               'failed'],
  ['all-or-nothing', 'confirmed', ['Succeeded', 'AwaitingPods', 'AwaitingPods'],                'confirmed'],
  ['all-or-nothing', 'failed',    ['RolledBack', 'AwaitingPods', 'Installing'],                 'failed'],
  ['in-order',       'canaries',  ['Succeeded', 'Replicating', 'Queued'],                       'canaries'],
  ['in-order',       'canaries',  ['Succeeded', 'Succeeded', 'Succeeded'],                      'confirmed'],
  ['in-order',       'canaries',  ['Succeeded', 'Failed', 'Queued'],                            'failed'],
  ['together',       'canaries',  ['Succeeded', 'Failed', 'Queued'],                            'canaries'],
];

describe('an update of several PODs', () => {
  it.each(phases)('%s, %s, with %j: %s', (mode, phase, states, next) => {
    expect(phaseOf(group(mode, phase, ...states))).toBe(next);
  });

  const words = (view: GroupView): (string | undefined)[] =>
    view.members.map((member) => wordFor(view, member)?.kind);

  it('tells canaries that wait when all have passed, and PODs that wait when all are confirmed', () => {
    const released = group('all-or-nothing', 'released', 'AwaitingCanaries', 'Replicating', 'AwaitingPods');
    expect(words(released)).toEqual(['CanariesPassed', undefined, undefined]);
    const confirmed = group('all-or-nothing', 'confirmed', 'AwaitingPods', 'Succeeded', 'AwaitingPods');
    expect(words(confirmed)).toEqual(['GroupConfirmed', undefined, 'GroupConfirmed']);
  });

  it('tells all that are not over when one has failed, and names it', () => {
    const failed = group('all-or-nothing', 'failed', 'AwaitingPods', 'RolledBack', 'Queued');
    expect(words(failed)).toEqual(['GroupFailed', undefined, 'GroupFailed']);
    expect(wordFor(failed, failed.members[0]!)).toEqual({
      ...{ kind: 'GroupFailed', by: 'D1' },
      reason: 'us, of the same update, did not hold (D1)',
    });
  });

  it('in order: leaves alone what has begun, and ends what has not', () => {
    expect(words(group('in-order', 'failed', 'Succeeded', 'RollingBack', 'Queued'))).toEqual([
      undefined,
      undefined,
      'GroupFailed',
    ]);
    expect(words(group('together', 'failed', 'Failed', 'Queued', 'Queued'))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('in order: begins where all before have succeeded', () => {
    const none = (): undefined => undefined;
    expect(waitsFor(group('in-order', 'canaries', 'Queued', 'Queued', 'Queued'), 0, none)).toBeUndefined();
    expect(waitsFor(group('in-order', 'canaries', 'Installing', 'Queued', 'Queued'), 2, none)).toBe('eu');
    expect(waitsFor(group('in-order', 'canaries', 'Succeeded', 'Queued', 'Queued'), 1, none)).toBeUndefined();
    const late = group('in-order', 'canaries', 'Succeeded', 'Queued');
    expect(waitsFor({ ...late, members: late.members.slice(1) }, 1, none)).toBe(
      'another POD of the same update',
    );
  });

  it('together or not at all: begins where all have their turn, and then need not wait', () => {
    const waiting = group('all-or-nothing', 'canaries', 'Queued', 'Queued', 'Queued');
    const turns: Record<string, string> = { eu: 'D0', us: 'D1', asia: 'D2' };
    expect(waitsFor(waiting, 0, (pod) => turns[pod])).toBeUndefined();
    turns.asia = 'D9';
    expect(waitsFor(waiting, 0, (pod) => turns[pod])).toBe('asia');
    expect(waitsFor({ ...waiting, begun: true }, 0, (pod) => turns[pod])).toBeUndefined();
    const two = { ...waiting, members: waiting.members.slice(0, 2) };
    expect(waitsFor(two, 0, (pod) => turns[pod])).toBe('another POD of the same update');
  });
});
