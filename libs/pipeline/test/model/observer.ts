import type { DeploymentChanged, DeploymentState } from '@podway/contracts';
import type { SagaState } from '../../src/saga-state.js';
import { isTerminal } from '../../src/saga-table.js';
import { promise } from './planted.js';
import type { ModelPod } from './servers.js';

/** Servers in rotation are on one tree. */
export function checkAgreement(pod: ModelPod, at: DeploymentState): void {
  const trees = new Set(pod.serving().map(({ live }) => live));
  promise(trees.size <= 1, `${pod.name} serves ${[...trees].join(' and ')} in ${at}`);
}

/** When a deployment gives its POD back, every server is on the POD's release and in rotation, or quarantined. */
export function checkEnd(pod: ModelPod, at: DeploymentState): void {
  for (const { name, live, inRotation } of pod.servers) {
    if (pod.quarantined.has(name)) continue;
    promise(live === pod.current, `${name} is on ${live} instead of ${pod.current} after ${at}`);
    promise(inRotation, `${name} is out of rotation after ${at}`);
  }
}

/** No visitor is sent to a tree before the POD has decided for it. */
export function checkVisitors(pod: ModelPod, holder: SagaState | undefined): void {
  if (holder?.attempts.Replicating !== undefined) return;
  for (const { name, live } of pod.serving()) {
    promise(live === pod.current, `${name} serves ${live}, which the POD has not decided for`);
  }
}

/** No POD goes past its canary before the canaries of all PODs of its update have passed. */
export function checkCanaries(
  { group, deploymentId }: SagaState,
  members: readonly SagaState[],
  log: readonly DeploymentChanged[],
): void {
  if (group?.mode !== 'all-or-nothing') return;
  const passed = members.filter((member) =>
    log.some((changed) => changed.deploymentId === member.deploymentId && changed.to === 'AwaitingCanaries'),
  );
  promise(
    passed.length === group.size,
    `${deploymentId} is replicated after ${passed.length} of ${group.size} canaries`,
  );
}

/** Of an update that goes together or not at all, all PODs got the release or none. */
export function checkGroups(rows: Iterable<SagaState>): void {
  const grouped = [...rows].filter(({ group }) => group);
  for (const id of new Set(grouped.map(({ updateId }) => updateId))) {
    const members = grouped.filter(({ updateId }) => updateId === id);
    const good = members.filter(({ name }) => name === 'Succeeded').length;
    promise(
      good === 0 || good === members.length,
      `${good} of ${members.length} PODs of ${id} got the release`,
    );
  }
}

/** Every accepted update ended exactly once; only a failed roll-back may go on, and ends again. */
export function checkEnds(accepted: readonly string[], stream: readonly DeploymentChanged[]): void {
  for (const id of accepted) {
    const ends = stream.filter((changed) => changed.deploymentId === id && isTerminal(changed.to));
    const final = ends.filter(({ to }) => to !== 'RollbackFailed');
    promise(final.length === 1, `${id} ended ${final.length} times: ${ends.map(({ to }) => to).join(', ')}`);
    promise(ends.at(-1) === final[0], `${id} went on after ${final[0]?.to}`);
  }
}
