import { RestoreSnapshot } from '@podway/contracts';
import { decide } from '../../src/decide.js';
import type { Decision, DecisionContext, Moved } from '../../src/decision.js';
import type { SagaInput } from '../../src/inputs.js';
import type { SagaState } from '../../src/saga-state.js';
import type { Planted } from './planted.js';

/** A decision that is wrong on purpose, where `wrong` says so. */
function badly(
  wrong: (state: SagaState, input: SagaInput, right: Decision, context: DecisionContext) => Decision,
): Planted {
  return { decide: (state, input, context) => wrong(state, input, decide(state, input, context), context) };
}

const changing = (change: (right: Moved, state: SagaState) => Moved): Planted =>
  badly((state, _input, right) => (right.kind === 'moved' ? change(right, state) : right));

/** What the properties must be able to see, or they prove nothing. */
export const bugs: Record<string, Planted> = {
  'a server does what an older token says': { noServerFence: true },
  'rotation is written under an older token': { noRotationFence: true },
  'a worker shows its token only where it changes something': { noFenceAtStart: true },
  'a failed snapshot leaves its token valid': { noFenceAfterUndrain: true },
  'the installer trusts that the canary is drained': { noDrainAtInstall: true },
  'a repeated install looks for no marker': { noMarkers: true },
  'a repeated install on others looks for no marker': { noMarkersOnOthers: true },
  'a POD is leased twice': { noLease: true },
  'the queue is not first in, first out': { noFifo: true },
  'ack before commit': { ackBeforeCommit: true },
  'publish before commit': { publishBeforeCommit: true },
  'what was not published before a crash is forgotten': { noOutbox: true },
  'an update that comes twice begins twice': { noDedupe: true },
  'the fencing token does not grow': { constantToken: true },
  'release numbers do not grow': { constantRelease: true },
  'an outcome of an earlier attempt is taken': badly((state, input, right, context) =>
    right.kind === 'ignored' && 'attempt' in input && input.step === state.name
      ? decide(state, Object.assign(Object.create(input), { attempt: state.attempt }) as SagaInput, context)
      : right,
  ),
  'attempts are counted anew when a roll-back is retried': changing((right) =>
    right.changed?.from === 'RollbackFailed'
      ? {
          ...right,
          state: { ...right.state, attempt: 1, attempts: { ...right.state.attempts, RollingBack: 1 } },
          commands: right.commands.map((command) => Object.assign(command, { attempt: 1 })),
        }
      : right,
  ),
  'the roll-back is skipped': changing((right) =>
    right.state.name === 'RollingBack'
      ? {
          ...right,
          state: { ...right.state, name: 'RolledBack', deadline: undefined },
          commands: [],
          changed: Object.assign(right.changed ?? {}, { to: 'RolledBack' }) as Moved['changed'],
          effects: { ...right.effects, releaseLease: true },
        }
      : right,
  ),
  'a failed roll-back gives the POD away': changing((right) =>
    right.state.name === 'RollbackFailed'
      ? { ...right, effects: { ...right.effects, releaseLease: true } }
      : right,
  ),
  'the lease is never given back': changing((right) => ({
    ...right,
    effects: { ...right.effects, releaseLease: false },
  })),
  'nobody is quarantined': changing((right) => ({
    ...right,
    effects: { ...right.effects, quarantine: [] },
  })),
  'a quarantined server is trusted': changing((right) => ({
    ...right,
    effects: {
      ...right.effects,
      unquarantine: [...right.effects.unquarantine, ...right.state.quarantined],
    },
  })),
  'only the canary is rolled back': changing((right) => ({
    ...right,
    commands: right.commands.map((command) =>
      command instanceof RestoreSnapshot ? Object.assign(command, { replicas: [] }) : command,
    ),
  })),
  'the tree of a kept release is given up': changing((right, state) => ({
    ...right,
    commands: right.commands.map((command) =>
      command instanceof RestoreSnapshot ? Object.assign(command, { treeId: state.treeId }) : command,
    ),
  })),
  'a timeout is not tried again and not given up': badly((_state, input, right) =>
    'kind' in input && input.kind === 'Timeout' ? { kind: 'ignored', reason: 'planted' } : right,
  ),
  'canaries of other PODs are not waited for': { noGroup: true },
  'a POD keeps its release although another of the update failed': badly((state, input, right) =>
    'kind' in input && input.kind === 'GroupFailed' && state.name === 'AwaitingPods'
      ? decide(state, { kind: 'GroupConfirmed' }, { now: new Date(0), fencingToken: 1e6, release: 1e3 })
      : right,
  ),
  'an ended deployment goes on': badly((state, input, right, context) =>
    state.name === 'RolledBack' && right.kind === 'ignored' && !('kind' in input)
      ? decide({ ...state, name: 'RollbackFailed' }, { kind: 'RetryRequested', by: 'k' }, context)
      : right,
  ),
};
