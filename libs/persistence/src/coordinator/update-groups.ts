import type { EntityManager } from 'typeorm';
import type { DeploymentState, UpdateMode } from '@podway/contracts';
import {
  isTerminal,
  phaseOf,
  type GroupMember,
  type GroupPhase,
  type GroupView,
  type SagaState,
} from '@podway/pipeline';

interface GroupRow {
  mode: UpdateMode;
  phase: GroupPhase;
  begun: boolean;
  size: number;
}

/** Writes the group down with the first of its deployments. */
export async function beginGroup(manager: EntityManager, { updateId, group }: SagaState): Promise<void> {
  if (!group) return;
  await manager.query(
    'insert into coordinator.update_groups (id, mode, size) values ($1, $2, $3) on conflict do nothing',
    [updateId, group.mode, group.size],
  );
}

/** From now on its members go before all that wait for their PODs. */
export async function markBegun(manager: EntityManager, id: string): Promise<void> {
  await manager.query('update coordinator.update_groups set begun = true where id = $1', [id]);
}

/** Updates of several PODs of which not all have ended. */
export async function openGroups(manager: EntityManager, limit: number): Promise<string[]> {
  const rows: { id: string }[] = await manager.query(
    'select id from coordinator.update_groups where not settled order by id limit $1',
    [limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * Takes the group's phase as far as its members are, under the group's lock. No member is locked: a phase that was
 * once reached stays, so that an old look at a member does no harm.
 */
export async function advanceGroup(manager: EntityManager, id: string): Promise<GroupView | undefined> {
  const found = await groupOf(manager, id, 'for update');
  if (!found) return undefined;
  const phase = phaseOf(found);
  const { members, size } = found;
  const settled = members.length === size && members.every(({ state }) => isTerminal(state));
  await manager.query(
    'update coordinator.update_groups set phase = $2, settled = $3 where id = $1 and (phase, settled) <> ($2, $3)',
    [id, phase, settled],
  );
  return { ...found, phase };
}

/** The group as it is, or undefined for an update of one POD. */
export async function groupOf(
  manager: EntityManager,
  id: string,
  lock: '' | 'for update' = '',
): Promise<GroupView | undefined> {
  const [row]: GroupRow[] = await manager.query(
    `select mode, phase, begun, size from coordinator.update_groups where id = $1 ${lock}`,
    [id],
  );
  if (!row) return undefined;
  const members: { id: string; pod: string; position: number; state: DeploymentState }[] =
    await manager.query(
      `select id, coalesce(pod, data->'target'->>'pod') as pod, (data->'group'->>'position')::int as position, state
       from coordinator.deployments where update_id = $1 order by position`,
      [id],
    );
  return {
    ...row,
    members: members.map(({ id: deploymentId, ...member }): GroupMember => ({ deploymentId, ...member })),
  };
}
