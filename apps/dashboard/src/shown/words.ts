import type { PodHealth, ServerResult, ShownState, Verdict } from '@podway/contracts';
import type { IconName } from './icon.js';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet';

/** How something is shown: by icon and word, and by a colour besides. */
export interface Shown {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
}

const shown = (word: string, icon: IconName, tone: Tone): Shown => ({ word, icon, tone });

export const states: Readonly<Record<ShownState, Shown>> = {
  Submitted: shown('Submitted', 'clock', 'busy'),
  Authenticating: shown('Authenticating', 'busy', 'busy'),
  Resolving: shown('Resolving', 'busy', 'busy'),
  Queued: shown('Waiting', 'clock', 'quiet'),
  SelectingCanary: shown('Choosing the canary', 'busy', 'busy'),
  Snapshotting: shown('Recording the state', 'busy', 'busy'),
  Installing: shown('Installing', 'busy', 'busy'),
  Verifying: shown('Verifying', 'busy', 'busy'),
  AwaitingCanaries: shown('Waits for other PODs', 'clock', 'busy'),
  AwaitingApproval: shown('Waits for approval', 'clock', 'warn'),
  Replicating: shown('Replicating', 'busy', 'busy'),
  Confirming: shown('Proving', 'busy', 'busy'),
  AwaitingPods: shown('Waits for other PODs', 'clock', 'busy'),
  RollingBack: shown('Rolling back', 'busy', 'warn'),
  ConfirmingRollback: shown('Proving the roll-back', 'busy', 'warn'),
  Succeeded: shown('Succeeded', 'check', 'good'),
  Rejected: shown('Rejected', 'cross', 'bad'),
  Superseded: shown('Superseded', 'dash', 'quiet'),
  Aborted: shown('Aborted', 'cross', 'quiet'),
  Failed: shown('Failed', 'cross', 'bad'),
  RolledBack: shown('Rolled back', 'undo', 'warn'),
  RollbackFailed: shown('Roll-back failed', 'alert', 'bad'),
};

export const healths: Readonly<Record<PodHealth, Shown>> = {
  broken: shown('Broken', 'alert', 'bad'),
  degraded: shown('Degraded', 'alert', 'warn'),
  failed: shown('Update failed', 'undo', 'warn'),
  updating: shown('Updating', 'busy', 'busy'),
  empty: shown('No release', 'dash', 'quiet'),
  healthy: shown('Healthy', 'check', 'good'),
};

export const verdictsShown: Readonly<Record<Verdict, Shown>> = {
  passed: shown('Passed', 'check', 'good'),
  failed: shown('Failed', 'cross', 'bad'),
  error: shown('Probe broke', 'alert', 'warn'),
  inconclusive: shown('Unclear', 'dash', 'warn'),
};

export const resultsShown: Readonly<Record<ServerResult, Shown>> = {
  unchanged: shown('Unchanged', 'dash', 'quiet'),
  staged: shown('Staged', 'clock', 'busy'),
  switched: shown('Switched', 'check', 'good'),
  restored: shown('Restored', 'undo', 'warn'),
  quarantined: shown('Quarantined', 'alert', 'warn'),
  failed: shown('Failed', 'cross', 'bad'),
};
