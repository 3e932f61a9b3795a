import {
  PodConfirmed,
  PodDiverged,
  ReleaseReplicated,
  ReplicationFailed,
  RestoreFailed,
  SnapshotFailed,
  SnapshotRestored,
  UpdateInstalled,
  UpdateRejected,
  VerificationFailed,
  VerificationPassed,
  AbortRequested,
  CanarySelected,
  type ServerResult,
} from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import {
  ahead,
  at,
  context,
  deploymentId,
  oldTree,
  passed,
  snapshot,
  submitted,
  told,
} from '../test/deployment.js';
import { begin } from './begin.js';
import { decide } from './decide.js';
import type { Moved } from './decision.js';
import type { SagaInput } from './inputs.js';
import type { SagaState } from './saga-state.js';

const timeout = { kind: 'Timeout' } as const;
const silent = { deadline: passed, tries: 9 };
const replicated = { attempts: { Replicating: 1 } };

function after(state: SagaState, input: SagaInput): Moved {
  const decision = decide(state, input, context);
  if (decision.kind !== 'moved') throw new Error(decision.reason);
  return decision;
}

const servers = (...results: ServerResult[]) =>
  results.map((result, i) => ({ name: `web-${i + 1}`, result }));

describe('a deployment begins', () => {
  it('with the authentication of what was submitted', () => {
    const { state, commands, changed, publish } = begin(submitted, { now: context.now });
    expect(state).toMatchObject({ name: 'Authenticating', attempt: 1, deadline: '2026-01-01T12:00:30.000Z' });
    expect(commands).toMatchObject([{ deploymentId, step: 'Authenticating', source: submitted.source }]);
    expect(changed).toMatchObject({ to: 'Authenticating', cause: 'UpdateSubmitted' });
    expect(publish).toBe(submitted);
  });
});

describe('the way forward', () => {
  it('commands the POD under the token drawn, and the revision of the inventory that the canary was chosen from', () => {
    const { commands } = after(
      at('SelectingCanary', { podRevision: undefined }),
      told(CanarySelected, 'SelectingCanary'),
    );
    expect(commands).toMatchObject([
      { client: 'acme', pod: 'shop', podRevision: 3, fencingToken: 50, canary: 'web-1' },
    ]);
  });

  it('is refused without a token: a fault of the caller', () => {
    const free = { now: context.now };
    expect(() => decide(at('Queued'), { kind: 'PodLeased' }, free)).toThrow(/fencingToken/);
    expect(() => decide(at('Confirming'), told(PodConfirmed, 'Confirming'), free)).toThrow(/release/);
    const foreign = told(UpdateRejected, 'Authenticating', 1, { deploymentId: oldTree });
    expect(() => decide(at('Authenticating'), foreign, context)).toThrow(
      expect.objectContaining({ code: 'SAGA.FOREIGN_MESSAGE' }),
    );
  });

  it('replicates the state that was verified, not the one that the installer told', () => {
    const verified = told(VerificationPassed, 'Verifying', 1, { fingerprint: 'd'.repeat(64) });
    expect(after(at('Verifying'), verified).commands).toMatchObject([
      { treeId: deploymentId, fingerprint: 'd'.repeat(64), replicas: ['web-2', 'web-3'], snapshot },
    ]);
  });

  it('goes through Replicating for a POD of one server as well', () => {
    const alone = at('Verifying', { replicas: [] });
    expect(after(alone, told(VerificationPassed, 'Verifying')).commands).toMatchObject([
      { canary: 'web-1', replicas: [] },
    ]);
  });

  it('leaves out the servers that could not take the release', () => {
    const told2 = told(ReleaseReplicated, 'Replicating', 1, {
      servers: servers('switched', 'quarantined', 'switched'),
    });
    const { state, commands, effects } = after(at('Replicating'), told2);
    expect(effects.quarantine).toEqual(['web-2']);
    expect(effects.servers).toEqual(told2.servers);
    expect(commands).toMatchObject([{ servers: ['web-1', 'web-3'], expected: 'release' }]);
    const end = after(state, told(PodConfirmed, 'Confirming'));
    expect(end.effects).toMatchObject({
      unquarantine: ['web-1', 'web-3'],
      releaseLease: true,
      quarantine: [],
    });
  });

  it('asks for proof of a server that the replicator forgot to name', () => {
    const forgetful = told(ReleaseReplicated, 'Replicating', 1, { servers: servers('switched') });
    expect(after(at('Replicating'), forgetful).commands).toMatchObject([
      { servers: ['web-1', 'web-2', 'web-3'] },
    ]);
  });

  it('ends with a numbered release', () => {
    const { state, changed, effects } = after(
      at('Confirming', { attempts: { Replicating: 1, Confirming: 1 } }),
      told(PodConfirmed, 'Confirming'),
    );
    expect(changed).toMatchObject({ to: 'Succeeded', release: 7 });
    expect(state.release).toBe(7);
    expect(effects).toMatchObject({
      releaseLease: true,
      recordRelease: { number: 7, treeId: deploymentId, servers: ['web-1', 'web-2', 'web-3'] },
      unquarantine: ['web-1', 'web-2', 'web-3'],
    });
  });

  it('keeps the last word about each server', () => {
    const installed = after(at('Installing'), told(UpdateInstalled, 'Installing'));
    expect(installed.state.servers).toMatchObject([{ name: 'web-1', result: 'switched' }]);
    const later = told(ReleaseReplicated, 'Replicating', 1, { servers: servers('unchanged', 'switched') });
    const { state } = after({ ...installed.state, name: 'Replicating', attempts: { Replicating: 1 } }, later);
    expect(state.servers.map(({ name, result }) => `${name} ${result}`)).toEqual([
      'web-1 unchanged',
      'web-2 switched',
    ]);
  });
});

describe('the way back', () => {
  it('touches only the canary before replication was commanded', () => {
    const { commands, changed } = after(at('Verifying'), told(VerificationFailed, 'Verifying'));
    expect(commands).toMatchObject([
      { canary: 'web-1', replicas: [], snapshot, treeId: deploymentId, fencingToken: 50 },
    ]);
    expect(changed).toMatchObject({ detail: 'TEST.BROKEN: it broke' });
  });

  it('touches all servers once it was', () => {
    const failed = told(ReplicationFailed, 'Replicating', 1, { servers: servers('switched', 'failed') });
    const { commands, state, effects } = after(at('Replicating'), failed);
    expect(commands).toMatchObject([{ canary: 'web-1', replicas: ['web-2', 'web-3'] }]);
    expect(effects.quarantine).toEqual([]);
    expect(state.failure).toEqual({ code: 'TEST.BROKEN', detail: 'it broke', step: 'Replicating' });
  });

  it('never gives up the tree of a kept release', () => {
    const source = { kind: 'release', release: 3, treeId: oldTree } as const;
    const { commands } = after(
      at('Verifying', { source, treeId: oldTree }),
      told(VerificationFailed, 'Verifying'),
    );
    expect(commands[0]).not.toHaveProperty('treeId');
  });

  it('confirms the snapshot on all touched servers but those left out, and takes them back', () => {
    const restored = told(SnapshotRestored, 'RollingBack', 1, {
      servers: servers('restored', 'restored', 'quarantined'),
    });
    const back = at('RollingBack', {
      attempts: { ...replicated.attempts, RollingBack: 1 },
      quarantined: ['web-2'],
    });
    const { commands, effects, state } = after(back, restored);
    expect(effects.quarantine).toEqual(['web-3']);
    expect(commands).toMatchObject([
      {
        servers: ['web-1', 'web-2'],
        expected: 'snapshot',
        treeId: oldTree,
        fingerprint: snapshot.fingerprint,
      },
    ]);
    const end = after(state, told(PodConfirmed, 'ConfirmingRollback'));
    expect(end.effects).toMatchObject({
      releaseLease: true,
      unquarantine: ['web-1', 'web-2'],
      callOperator: false,
    });
    expect(end.effects.recordRelease).toBeUndefined();
  });

  it('tells who aborted and why', () => {
    const abort = Object.assign(new AbortRequested(), { deploymentId, by: 'key-2', reason: 'wrong file' });
    expect(after(at('Installing'), abort).changed).toMatchObject({ to: 'RollingBack', detail: 'wrong file' });
    expect(after(at('Queued'), abort)).toMatchObject({
      changed: { to: 'Aborted' },
      effects: { releaseLease: false },
    });
    expect(after(at('SelectingCanary'), abort).effects.releaseLease).toBe(true);
  });

  it('keeps the first failure when the roll-back fails too', () => {
    const failure = { code: 'PROBE.FAILED', detail: 'no', step: 'Verifying' } as const;
    const { state, changed } = after(at('RollingBack', { failure }), told(RestoreFailed, 'RollingBack'));
    expect(state).toMatchObject({ failure, rollbackFailure: { code: 'TEST.BROKEN', step: 'RollingBack' } });
    expect(changed).toMatchObject({ to: 'RollbackFailed', detail: 'TEST.BROKEN: it broke' });
    const retried = after(state, { kind: 'RetryRequested', by: 'key-3' });
    expect(retried.state).toMatchObject({ failure, rollbackFailure: undefined });
  });
});

describe('a roll-back that fails keeps the POD and calls the operator', () => {
  it('servers that were not told to be back stay out of rotation', () => {
    const back = at('RollingBack', { attempts: { ...replicated.attempts, RollingBack: 1 } });
    const failed = told(RestoreFailed, 'RollingBack', 1, { servers: servers('restored', 'failed') });
    const { state, effects } = after(back, failed);
    expect(effects).toMatchObject({
      releaseLease: false,
      callOperator: true,
      quarantine: ['web-2', 'web-3'],
    });
    expect(state.quarantined).toEqual(['web-2', 'web-3']);
  });

  it('servers that it has found never switched, and left alone, do not', () => {
    const back = at('RollingBack', { attempts: { ...replicated.attempts, RollingBack: 1 } });
    const failed = told(RestoreFailed, 'RollingBack', 1, {
      servers: servers('failed', 'unchanged', 'unchanged'),
    });
    expect(after(back, failed).effects).toMatchObject({ callOperator: true, quarantine: ['web-1'] });
  });

  it('all touched servers do when nobody answered', () => {
    const back = { ...silent, attempts: { RollingBack: 5 } };
    expect(after(at('RollingBack', back), timeout).effects.quarantine).toEqual(['web-1']);
    const all = { ...silent, attempts: { Replicating: 1, RollingBack: 5 } };
    expect(after(at('RollingBack', all), timeout).effects.quarantine).toEqual(['web-1', 'web-2', 'web-3']);
  });

  it('a diverged server does, and one that has been proved does not', () => {
    const confirming = at('ConfirmingRollback', { attempts: { Replicating: 1, ConfirmingRollback: 1 } });
    const diverged = told(PodDiverged, 'ConfirmingRollback', 1, {
      servers: servers('unchanged', 'failed', 'unchanged'),
    });
    expect(after(confirming, diverged).effects.quarantine).toEqual(['web-2']);
    expect(after({ ...confirming, ...silent }, timeout).effects).toMatchObject({
      quarantine: [],
      callOperator: true,
    });
  });
});

describe('a snapshot', () => {
  it('that failed leaves the canary as it was', () => {
    const { effects } = after(at('Snapshotting'), told(SnapshotFailed, 'Snapshotting'));
    expect(effects).toMatchObject({ quarantine: [], releaseLease: true });
  });

  it('that nobody answered for leaves the canary out: it may be drained, and there is nothing to restore', () => {
    const { state, effects } = after(at('Snapshotting', { ...silent, snapshot: undefined }), timeout);
    expect(state).toMatchObject({
      name: 'Failed',
      failure: { code: 'STEP.TIMED_OUT' },
      quarantined: ['web-1'],
    });
    expect(effects).toMatchObject({ quarantine: ['web-1'], releaseLease: true, callOperator: false });
  });

  it('is tried again first, aborted or not: a known outcome is better', () => {
    const retried = after(at('Snapshotting', { deadline: passed, abort: { by: 'key-2' } }), timeout);
    expect(retried).toMatchObject({
      state: { name: 'Snapshotting', attempt: 2 },
      effects: { quarantine: [] },
    });
    expect(retried.state.deadline).not.toBe(ahead);
  });
});
