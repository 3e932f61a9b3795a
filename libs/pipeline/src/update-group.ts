import type { DeploymentState, UpdateMode } from '@podway/contracts';
import type { InternalInput } from './inputs.js';
import { isTerminal } from './saga-table.js';

/**
 * How far an update of several PODs has come as a whole. It never goes back, so whoever reads an old one does nothing
 * wrong. canaries: not all canaries have passed. released: they have. confirmed: every POD holds the release. failed:
 * one did not.
 */
export const groupPhases = ['canaries', 'released', 'confirmed', 'failed'] as const;
export type GroupPhase = (typeof groupPhases)[number];

/** A POD's part in the update, in the order of the update. */
export interface GroupMember {
  readonly deploymentId: string;
  readonly pod: string;
  readonly position: number;
  readonly state: DeploymentState;
}

export interface GroupView {
  readonly mode: UpdateMode;
  readonly phase: GroupPhase;
  /** One of its deployments has begun: the others go before all that wait for their PODs. */
  readonly begun: boolean;
  /** Deployments of the update; fewer members while not all have begun. */
  readonly size: number;
  readonly members: readonly GroupMember[];
}

const goingBack: readonly DeploymentState[] = ['RollingBack', 'ConfirmingRollback'];

/** Whether the deployment will not end in success. */
export function hasFailed(state: DeploymentState): boolean {
  return goingBack.includes(state) || (isTerminal(state) && state !== 'Succeeded');
}

/** The phase that follows from where the members are. */
export function phaseOf({ mode, phase, size, members }: GroupView): GroupPhase {
  if (phase === 'failed' || phase === 'confirmed') return phase;
  if (mode !== 'together' && members.some(({ state }) => hasFailed(state))) return 'failed';
  const all = (state: DeploymentState): boolean =>
    members.length === size && members.every((member) => member.state === state);
  if (mode !== 'all-or-nothing') return all('Succeeded') ? 'confirmed' : phase;
  if (phase === 'canaries') return all('AwaitingCanaries') ? 'released' : phase;
  return all('AwaitingPods') ? 'confirmed' : phase;
}

/** What the group's phase has to say to a member, or undefined. */
export function wordFor(group: GroupView, member: GroupMember): InternalInput | undefined {
  const { mode, phase } = group;
  if (mode === 'together') return undefined;
  if (phase === 'failed') return failureFor(group, member);
  if (mode === 'in-order') return undefined;
  if (phase === 'released' && member.state === 'AwaitingCanaries') return { kind: 'CanariesPassed' };
  if (phase === 'confirmed' && member.state === 'AwaitingPods') return { kind: 'GroupConfirmed' };
  return undefined;
}

const notBegun: readonly DeploymentState[] = ['Authenticating', 'Resolving', 'Queued'];

function failureFor({ mode, members }: GroupView, member: GroupMember): InternalInput | undefined {
  if (isTerminal(member.state) || goingBack.includes(member.state)) return undefined;
  if (mode === 'in-order' && !notBegun.includes(member.state)) return undefined;
  const failed = members.find(({ state }) => hasFailed(state));
  const reason = failed
    ? `${failed.pod}, of the same update, did not hold (${failed.deploymentId})`
    : 'a POD of the same update did not hold';
  return { kind: 'GroupFailed', by: failed?.deploymentId ?? 'saga-coordinator', reason };
}

/**
 * The POD that this member waits for, or undefined when it may begin. `turnIn` tells whose turn it is in a POD that is
 * free and open.
 *
 * all-or-nothing: its members begin together, when all have their turn. A canary that waits for another POD holds its
 * own: two updates that each held what the other waits for would never end.
 */
export function waitsFor(
  group: GroupView,
  position: number,
  turnIn: (pod: string) => string | undefined,
): string | undefined {
  if (group.mode === 'in-order') return orderedAfter(group, position);
  if (group.mode === 'together' || group.begun) return undefined;
  if (group.members.length < group.size) return ANOTHER;
  return group.members.find(
    (member) => member.position !== position && turnIn(member.pod) !== member.deploymentId,
  )?.pod;
}

const ANOTHER = 'another POD of the same update';

function orderedAfter({ members }: GroupView, position: number): string | undefined {
  const before = members.filter((member) => member.position < position);
  const open = before.find(({ state }) => state !== 'Succeeded');
  if (open) return open.pod;
  return before.length < position ? ANOTHER : undefined;
}
