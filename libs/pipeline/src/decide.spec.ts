import {
  AbortRequested,
  ApprovalGranted,
  ApprovalRefused,
  CanaryHeld,
  CanaryLost,
  CanarySelected,
  CanaryUnavailable,
  InstallFailed,
  PodConfirmed,
  PodDiverged,
  PodResolved,
  PodUnresolved,
  ReleaseReplicated,
  ReplicationFailed,
  RestoreFailed,
  SnapshotFailed,
  SnapshotRestored,
  SnapshotTaken,
  StepProgressed,
  steps,
  UpdateAuthenticated,
  UpdateInstalled,
  UpdateRejected,
  validated,
  VerificationFailed,
  VerificationInconclusive,
  VerificationPassed,
  type DeploymentState,
} from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { at, context, deploymentId, oldTree, passed, submitted, told } from '../test/deployment.js';
import { decide } from './decide.js';
import type { Decision, Moved } from './decision.js';
import { nameOf, type SagaInput } from './inputs.js';
import { outcomesOf, ownSaga } from './reactions.js';
import type { SagaState } from './saga-state.js';
import { isTerminal, sagaTable } from './saga-table.js';

const abort = Object.assign(new AbortRequested(), { deploymentId, by: 'key-2', reason: 'wrong file' });
const timeout = { kind: 'Timeout' } as const;
const aborting = { abort: { by: 'key-2' } };
const grouped = { group: { mode: 'all-or-nothing', size: 2, position: 0 } } as const;
const wanting = { approvalTimeoutMs: 60_000 };
const failedGroup = { kind: 'GroupFailed', by: 'D7', reason: 'blog did not hold' } as const;
const yes = Object.assign(new ApprovalGranted(), { deploymentId, by: 'key-4' });
const no = Object.assign(new ApprovalRefused(), { deploymentId, by: 'key-4', reason: 'ugly' });
/** The last attempt's deadline has passed. */
const silent = { deadline: passed, tries: 9 };

function moved(decision: Decision): Moved {
  if (decision.kind !== 'moved') throw new Error(`${decision.kind}: ${decision.reason}`);
  return decision;
}

const installing = { promotion: 'install' } as const;
const kept = { kind: 'release', release: 3, treeId: oldTree, fingerprint: 'a'.repeat(64) } as const;

type Case = [state: SagaState, input: SagaInput, next: DeploymentState, command?: string];

// prettier-ignore
const cases: Case[] = [
  [at('Authenticating'),                 told(UpdateAuthenticated, 'Authenticating'),        'Resolving',          'ResolvePod'],
  [at('Authenticating'),                 told(UpdateRejected, 'Authenticating'),             'Rejected'],
  [at('Authenticating', silent),         timeout,                                            'Rejected'],
  [at('Authenticating'),                 abort,                                              'Aborted'],
  [at('Resolving'),                      told(PodResolved, 'Resolving'),                     'Queued'],
  [at('Resolving'),                      told(PodUnresolved, 'Resolving'),                   'Rejected'],
  [at('Resolving', silent),              timeout,                                            'Rejected'],
  [at('Resolving'),                      abort,                                              'Aborted'],
  [at('Queued'),                         { kind: 'PodLeased' },                              'SelectingCanary',    'SelectCanary'],
  [at('Queued'),                         { kind: 'Superseded', by: 'D9' },                   'Superseded'],
  [at('Queued'),                         abort,                                              'Aborted'],
  [at('SelectingCanary'),                told(CanarySelected, 'SelectingCanary'),            'Snapshotting',       'TakeSnapshot'],
  [at('SelectingCanary'),                told(CanaryUnavailable, 'SelectingCanary'),         'Failed'],
  [at('SelectingCanary', silent),        timeout,                                            'Failed'],
  [at('SelectingCanary'),                abort,                                              'Aborted'],
  [at('Snapshotting'),                   told(SnapshotTaken, 'Snapshotting'),                'Installing',         'InstallUpdate'],
  [at('Snapshotting'),                   told(SnapshotFailed, 'Snapshotting'),               'Failed'],
  [at('Snapshotting', silent),           timeout,                                            'Failed'],
  [at('Snapshotting'),                   abort,                                              'Snapshotting'],
  [at('Snapshotting', aborting),         told(SnapshotTaken, 'Snapshotting'),                'RollingBack',        'RestoreSnapshot'],
  [at('Snapshotting', aborting),         told(SnapshotFailed, 'Snapshotting'),               'Aborted'],
  [at('Snapshotting', { ...aborting, ...silent }), timeout,                                  'Aborted'],
  [at('Installing'),                     told(UpdateInstalled, 'Installing'),                'Verifying',          'VerifyServer'],
  [at('Installing'),                     told(InstallFailed, 'Installing'),                  'RollingBack',        'RestoreSnapshot'],
  [at('Installing', silent),             timeout,                                            'RollingBack',        'RestoreSnapshot'],
  [at('Installing'),                     abort,                                              'RollingBack',        'RestoreSnapshot'],
  [at('Verifying'),                      told(VerificationPassed, 'Verifying'),              'Replicating',        'ReplicateRelease'],
  [at('Verifying'),                      told(VerificationFailed, 'Verifying'),              'RollingBack',        'RestoreSnapshot'],
  [at('Verifying'),                      told(VerificationInconclusive, 'Verifying'),        'RollingBack',        'RestoreSnapshot'],
  [at('Verifying', silent),              timeout,                                            'RollingBack',        'RestoreSnapshot'],
  [at('Verifying'),                      abort,                                              'RollingBack',        'RestoreSnapshot'],
  [at('Verifying', { replicas: [] }),    told(VerificationPassed, 'Verifying'),              'Replicating',        'ReplicateRelease'],
  [at('Verifying', grouped),             told(VerificationPassed, 'Verifying'),              'AwaitingCanaries',   'HoldCanary'],
  [at('Verifying', { ...grouped, ...wanting }), told(VerificationPassed, 'Verifying'),       'AwaitingCanaries',   'HoldCanary'],
  [at('Verifying', wanting),             told(VerificationPassed, 'Verifying'),              'AwaitingApproval',   'HoldCanary'],
  [at('Verifying', { ...wanting, source: kept }), told(VerificationPassed, 'Verifying'),     'Replicating',        'ReplicateRelease'],
  [at('Verifying', installing),          told(VerificationPassed, 'Verifying'),              'Replicating',        'InstallOnOthers'],
  [at('Verifying', { ...installing, source: kept }), told(VerificationPassed, 'Verifying'),  'Replicating',        'ReplicateRelease'],
  [at('AwaitingApproval', { ...wanting, ...installing }), yes,                               'Replicating',        'InstallOnOthers'],
  [at('AwaitingCanaries', { ...grouped, ...installing }), { kind: 'CanariesPassed' },        'Replicating',        'InstallOnOthers'],
  [at('Verifying', { group: { ...grouped.group, mode: 'together' } }), told(VerificationPassed, 'Verifying'), 'Replicating', 'ReplicateRelease'],
  [at('AwaitingCanaries', grouped),      told(CanaryHeld, 'AwaitingCanaries'),               'AwaitingCanaries'],
  [at('AwaitingCanaries', grouped),      { kind: 'CanariesPassed' },                         'Replicating',        'ReplicateRelease'],
  [at('AwaitingCanaries', { ...grouped, ...wanting }), { kind: 'CanariesPassed' },           'AwaitingApproval',   'HoldCanary'],
  [at('AwaitingCanaries', grouped),      told(CanaryLost, 'AwaitingCanaries'),               'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingCanaries', { ...grouped, ...silent }), timeout,                               'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingCanaries', grouped),      abort,                                              'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingCanaries', grouped),      failedGroup,                                        'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingApproval', wanting),      told(CanaryHeld, 'AwaitingApproval'),               'AwaitingApproval'],
  [at('AwaitingApproval', wanting),      yes,                                                'Replicating',        'ReplicateRelease'],
  [at('AwaitingApproval', wanting),      no,                                                 'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingApproval', wanting),      told(CanaryLost, 'AwaitingApproval'),               'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingApproval', { ...wanting, ...silent }), timeout,                               'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingApproval', wanting),      abort,                                              'RollingBack',        'RestoreSnapshot'],
  [at('AwaitingApproval', { ...wanting, ...grouped }), failedGroup,                          'RollingBack',        'RestoreSnapshot'],
  [at('Confirming', grouped),            told(PodConfirmed, 'Confirming'),                   'AwaitingPods'],
  [at('AwaitingPods', grouped),          { kind: 'GroupConfirmed' },                         'Succeeded'],
  [at('AwaitingPods', grouped),          failedGroup,                                        'RollingBack',        'RestoreSnapshot'],
  [at('Queued', grouped),                failedGroup,                                        'Aborted'],
  [at('Installing', grouped),            failedGroup,                                        'RollingBack',        'RestoreSnapshot'],
  [at('Snapshotting', grouped),          failedGroup,                                        'Snapshotting'],
  [at('Replicating'),                    told(ReleaseReplicated, 'Replicating'),             'Confirming',         'ConfirmPod'],
  [at('Replicating'),                    told(ReplicationFailed, 'Replicating'),             'RollingBack',        'RestoreSnapshot'],
  [at('Replicating', silent),            timeout,                                            'RollingBack',        'RestoreSnapshot'],
  [at('Replicating'),                    abort,                                              'RollingBack',        'RestoreSnapshot'],
  [at('Confirming'),                     told(PodConfirmed, 'Confirming'),                   'Succeeded'],
  [at('Confirming'),                     told(PodDiverged, 'Confirming'),                    'RollingBack',        'RestoreSnapshot'],
  [at('Confirming', silent),             timeout,                                            'RollingBack',        'RestoreSnapshot'],
  [at('Confirming'),                     abort,                                              'RollingBack',        'RestoreSnapshot'],
  [at('RollingBack'),                    told(SnapshotRestored, 'RollingBack'),              'ConfirmingRollback', 'ConfirmPod'],
  [at('RollingBack'),                    told(RestoreFailed, 'RollingBack'),                 'RollbackFailed'],
  [at('RollingBack', silent),            timeout,                                            'RollbackFailed'],
  [at('ConfirmingRollback'),             told(PodConfirmed, 'ConfirmingRollback'),           'RolledBack'],
  [at('ConfirmingRollback', aborting),   told(PodConfirmed, 'ConfirmingRollback'),           'Aborted'],
  [at('ConfirmingRollback'),             told(PodDiverged, 'ConfirmingRollback'),            'RollbackFailed'],
  [at('ConfirmingRollback', aborting),   told(PodDiverged, 'ConfirmingRollback'),            'RollbackFailed'],
  [at('ConfirmingRollback', silent),     timeout,                                            'RollbackFailed'],
  [at('RollbackFailed'),                 { kind: 'RetryRequested', by: 'key-3' },            'RollingBack',        'RestoreSnapshot'],
];

it('an operator accepts a loss for one retry, and not for the next', () => {
  const retry = (state: SagaState, acceptLoss?: boolean) =>
    moved(decide(state, { kind: 'RetryRequested', by: 'key-3', acceptLoss }, context));
  const accepted = retry(at('RollbackFailed'), true);
  expect(accepted.commands).toMatchObject([{ acceptLoss: true }]);
  const again = retry({ ...accepted.state, name: 'RollbackFailed' });
  expect(again.commands).toEqual([expect.not.objectContaining({ acceptLoss: true })]);
});

it('a loss that was accepted for going back counts on all servers, and not for the roll-back of that', () => {
  const back = at('Verifying', { source: { ...kept, acceptLoss: true } });
  const onward = moved(decide(back, told(VerificationPassed, 'Verifying'), context));
  expect(onward.commands).toMatchObject([{ replicas: expect.anything() as unknown, acceptLoss: true }]);
  const undone = moved(decide(back, told(VerificationFailed, 'Verifying'), context));
  expect(undone.commands).toEqual([expect.not.objectContaining({ acceptLoss: true })]);
});

describe('decide goes the way of the table', () => {
  it.each(cases.map((row) => [row[0].name, nameOf(row[1]), row[2], row] as const))(
    '%s + %s -> %s',
    (_from, _cause, _to, [state, input, next, command]) => {
      const decision = moved(decide(state, input, context));
      expect(decision.state.name).toBe(next);
      expect(decision.commands.map((sent) => sent.constructor.name)).toEqual(command ? [command] : []);
      for (const sent of decision.commands)
        validated(sent.constructor as new () => object, sent, { strict: true });
      expect(decision.publish).toBe('kind' in input || input instanceof CanaryHeld ? undefined : input);
      if (next === state.name) return;
      expect(decision.changed).toMatchObject({ from: state.name, to: next, cause: nameOf(input) });
      validated(decision.changed!.constructor as new () => object, decision.changed, { strict: true });
    },
  );

  it('has a case for every outcome of every step, and for its last timeout', () => {
    const covered = new Set(cases.map(([state, input]) => `${state.name} ${nameOf(input)}`));
    const wanted = steps.flatMap((step) =>
      [...outcomesOf(ownSaga(), step), 'Timeout'].map((name) => `${step} ${name}`),
    );
    expect(wanted.filter((pair) => !covered.has(pair))).toEqual([]);
  });

  it('changes nothing in the state it is given, and needs nothing that JSON loses', () => {
    for (const [state, input] of cases) {
      const before = JSON.stringify(state);
      const decision = decide(state, input, context);
      expect(JSON.stringify(state)).toBe(before);
      const revived = JSON.parse(before) as SagaState;
      expect(JSON.stringify(decide(revived, input, context))).toBe(JSON.stringify(decision));
    }
  });
});

describe('decide ignores', () => {
  const terminal = (Object.keys(sagaTable) as DeploymentState[]).filter(isTerminal);

  it.each(terminal)('all that comes after %s', (name) => {
    const late = [
      abort,
      timeout,
      submitted,
      { kind: 'PodLeased' } as const,
      ...cases.map(([, input]) => input),
    ];
    for (const input of late) {
      if (name === 'RollbackFailed' && nameOf(input) === 'RetryRequested') continue;
      expect(decide(at(name), input, context).kind, nameOf(input)).toBe('ignored');
    }
  });

  it('an outcome of an earlier attempt, success or not', () => {
    const second = at('Installing', { attempt: 2, tries: 2, attempts: { Installing: 2 } });
    for (const type of [UpdateInstalled, InstallFailed]) {
      expect(decide(second, told<UpdateInstalled | InstallFailed>(type, 'Installing', 1), context).kind).toBe(
        'ignored',
      );
    }
    expect(decide(second, told(UpdateInstalled, 'Installing', 2), context).kind).toBe('moved');
  });

  it('a confirmation of the release while the roll-back is confirmed', () => {
    const late = told(PodConfirmed, 'Confirming');
    expect(decide(at('ConfirmingRollback'), late, context).kind).toBe('ignored');
  });

  it('an outcome of the roll-back before it was retried', () => {
    const retried = moved(
      decide(
        at('RollbackFailed', { attempts: { RollingBack: 5, ConfirmingRollback: 1 } }),
        { kind: 'RetryRequested', by: 'key-3' },
        context,
      ),
    );
    expect(retried.state).toMatchObject({ attempt: 6, tries: 1 });
    expect(retried.commands).toEqual([expect.not.objectContaining({ acceptLoss: true })]);
    expect(decide(retried.state, told(SnapshotRestored, 'RollingBack', 5), context).kind).toBe('ignored');
    expect(decide(retried.state, told(PodConfirmed, 'ConfirmingRollback', 1), context).kind).toBe('ignored');
    expect(decide(retried.state, told(SnapshotRestored, 'RollingBack', 6), context).kind).toBe('moved');
  });

  it('a second abort, and one that comes when the roll-back is under way', () => {
    expect(decide(at('Snapshotting', aborting), abort, context).kind).toBe('ignored');
    expect(decide(at('RollingBack'), abort, context).kind).toBe('ignored');
    expect(decide(at('ConfirmingRollback'), abort, context).kind).toBe('ignored');
  });

  it('a timeout whose deadline has been moved, and one where nobody is waited for', () => {
    expect(decide(at('Installing'), timeout, context).kind).toBe('ignored');
    expect(decide(at('Queued'), timeout, context).kind).toBe('ignored');
  });

  it('an outcome that does not belong to its step', () => {
    expect(decide(at('Installing'), told(SnapshotTaken, 'Installing'), context).kind).toBe('ignored');
  });
});

describe('decide defers', () => {
  it('an outcome of a step or an attempt that was not commanded yet', () => {
    expect(decide(at('Snapshotting'), told(UpdateInstalled, 'Installing'), context).kind).toBe('deferred');
    expect(decide(at('Queued'), told(CanarySelected, 'SelectingCanary'), context).kind).toBe('deferred');
    expect(decide(at('Installing'), told(UpdateInstalled, 'Installing', 2), context).kind).toBe('deferred');
  });

  it('but not one of a step that cannot come any more', () => {
    expect(decide(at('RollingBack'), told(ReleaseReplicated, 'Replicating'), context).kind).toBe('ignored');
  });
});

describe('decide keeps time', () => {
  const progress = Object.assign(new StepProgressed(), {
    deploymentId,
    step: 'Installing',
    attempt: 1,
    message: '42 %',
  } as const);

  it('progress moves the deadline, never back, and is published', () => {
    const decision = moved(decide(at('Installing'), progress, context));
    expect(decision.state.deadline).toBe('2026-01-01T12:10:00.000Z');
    expect(decision).toMatchObject({ publish: progress, commands: [] });
    expect(decision.changed).toBeUndefined();
    const shorter = { ...context, limits: { Installing: { timeoutMs: 1 } } };
    expect(moved(decide(at('Installing'), progress, shorter)).state.deadline).toBe(
      '2026-01-01T12:00:01.000Z',
    );
  });

  it('progress of an earlier attempt moves nothing', () => {
    const second = at('Installing', { attempt: 2, attempts: { Installing: 2 } });
    expect(decide(second, progress, context).kind).toBe('ignored');
  });

  it('a silent step is tried again with a new attempt, token and deadline, as often as the settings say', () => {
    const limits = { Installing: { maxAttempts: 2, timeoutMs: 60_000 } };
    const first = moved(decide(at('Installing', { deadline: passed }), timeout, { ...context, limits }));
    expect(first.changed).toBeUndefined();
    expect(first.commands).toMatchObject([
      { step: 'Installing', attempt: 2, fencingToken: 50, deadline: '2026-01-01T12:01:00.000Z' },
    ]);
    const later = { now: new Date('2026-01-01T12:01:00.000Z'), fencingToken: 51, limits };
    const last = moved(decide(first.state, timeout, later));
    expect(last.state).toMatchObject({
      name: 'RollingBack',
      failure: { code: 'STEP.TIMED_OUT', step: 'Installing' },
    });
    expect(last.commands).toMatchObject([{ step: 'RollingBack', attempt: 1, fencingToken: 51 }]);
  });
});

describe('decide waits on', () => {
  const held = (step: 'AwaitingCanaries' | 'AwaitingApproval'): CanaryHeld =>
    told(CanaryHeld, step, 1, { againInMs: 300_000 });

  it('until the canary is to be held again, and then with all attempts anew', () => {
    const tired = at('AwaitingCanaries', { ...grouped, tries: 4 });
    const { state, commands } = moved(decide(tired, held('AwaitingCanaries'), context));
    expect(state).toMatchObject({ tries: 0, deadline: '2026-01-01T12:05:00.000Z' });
    expect(commands).toEqual([]);
    const later = { ...context, now: new Date('2026-01-01T12:05:00.000Z'), fencingToken: 51 };
    const again = moved(decide(state, timeout, later));
    expect(again.commands).toMatchObject([{ step: 'AwaitingCanaries', attempt: 2, fencingToken: 51 }]);
    expect(again.changed).toBeUndefined();
  });

  it('for an approval no longer than the POD says', () => {
    const waiting = at('AwaitingApproval', { approvalTimeoutMs: 90_000 });
    const { state } = moved(decide(waiting, held('AwaitingApproval'), context));
    // Entered at 11:59:00.
    expect(state.deadline).toBe('2026-01-01T12:00:30.000Z');
    const over = moved(decide(state, timeout, { ...context, now: new Date('2026-01-01T12:00:30.000Z') }));
    expect(over.state).toMatchObject({ name: 'RollingBack', failure: { code: 'APPROVAL.EXPIRED' } });
  });

  it('and says who approved, who refused and why', () => {
    expect(moved(decide(at('AwaitingApproval', wanting), yes, context)).state.approvedBy).toBe('key-4');
    const refused = moved(decide(at('AwaitingApproval', wanting), no, context));
    expect(refused.changed?.detail).toBe('APPROVAL.REFUSED: refused by key-4: ugly');
    expect(decide(at('Verifying', wanting), yes, context).kind).toBe('ignored');
    expect(decide(at('Replicating', wanting), no, context).kind).toBe('ignored');
  });

  it('for the other PODs without an end of its own: an abort of one does not split them', () => {
    expect(decide(at('AwaitingPods', grouped), abort, context).kind).toBe('ignored');
    expect(decide(at('AwaitingPods', grouped), timeout, context).kind).toBe('ignored');
    const confirmed = at('AwaitingPods', { ...grouped, attempts: { Replicating: 1, Confirming: 1 } });
    const end = moved(decide(confirmed, { kind: 'GroupConfirmed' }, context));
    expect(end.effects).toMatchObject({
      releaseLease: true,
      recordRelease: { number: 7, servers: ['web-1', 'web-2', 'web-3'] },
      unquarantine: ['web-1', 'web-2', 'web-3'],
    });
    const back = moved(decide(confirmed, failedGroup, context));
    expect(back.commands).toMatchObject([{ replicas: ['web-2', 'web-3'] }]);
    expect(back.changed?.detail).toBe('blog did not hold');
  });
});
