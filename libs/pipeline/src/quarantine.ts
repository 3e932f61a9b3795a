import type { DeploymentState } from '@podway/contracts';
import type { OutcomeName, Outcomes } from './inputs.js';
import { leftBehind } from './gathered.js';
import { serversToConfirm, touchedServers, type SagaState } from './saga-state.js';

type Outcome = Outcomes[OutcomeName];

/**
 * Servers that have to leave rotation because `state` goes to `to`.
 *
 * - A step that went well names those it left behind.
 * - A roll-back that failed leaves every touched server out that was not told to be back: its state is not known.
 * - A snapshot that timed out is an unknown outcome: the canary may be drained and its watchdog armed, and there
 *   is no snapshot to restore. Nothing was changed on it, so it stays out and catches up.
 * - A confirmation of the roll-back that timed out leaves out no more: the restore itself has proved those servers.
 */
export function toQuarantine(state: SagaState, to: DeploymentState, outcome: Outcome | 'Timeout'): string[] {
  if (outcome === 'Timeout') return afterSilence(state, to);
  if (!('servers' in outcome)) return [];
  if (to === 'RollbackFailed') return notRestored(state, outcome);
  return to === 'Confirming' || to === 'ConfirmingRollback' ? leftBehind(outcome.servers) : [];
}

function afterSilence(state: SagaState, to: DeploymentState): string[] {
  if (state.name === 'Snapshotting' && state.canary !== undefined) return [state.canary];
  return state.name === 'RollingBack' && to === 'RollbackFailed' ? touchedServers(state) : [];
}

function notRestored(state: SagaState, { servers }: Extract<Outcome, { servers: unknown }>): string[] {
  const bad = new Set(leftBehind(servers));
  const good = servers.map(({ name }) => name).filter((name) => !bad.has(name));
  const expected = state.name === 'RollingBack' ? touchedServers(state) : serversToConfirm(state);
  return [...new Set([...bad, ...expected.filter((name) => !good.includes(name))])];
}
