import type { EntityManager } from 'typeorm';
import { DeploymentEntity } from '../entities/index.js';

export interface PodCounters {
  fencingToken: number;
  releaseNumber: number;
}

/**
 * Locks a POD's row: everything that happens to the POD's queue, tokens and release numbers happens one after
 * the other. Always taken before a deployment's row, so two transactions never wait for each other.
 */
export async function lockPod(manager: EntityManager, pod: string): Promise<PodCounters> {
  await manager.query('insert into coordinator.pod_counters (pod) values ($1) on conflict do nothing', [pod]);
  const [row]: { fencing_token: string; release_number: number }[] = await manager.query(
    'select fencing_token, release_number from coordinator.pod_counters where pod = $1 for update',
    [pod],
  );
  return { fencingToken: Number(row?.fencing_token), releaseNumber: Number(row?.release_number) };
}

/** Saves counters that have grown. Needs the POD's lock. */
export async function saveCounters(
  manager: EntityManager,
  pod: string,
  counters: PodCounters,
): Promise<void> {
  await manager.query(
    `update coordinator.pod_counters set fencing_token = greatest(fencing_token, $2),
       release_number = greatest(release_number, $3) where pod = $1`,
    [pod, counters.fencingToken, counters.releaseNumber],
  );
}

/**
 * The deployment whose turn it is, or undefined: while the POD is leased, and while an older update for the same POD
 * is not in the queue yet - it could not go first otherwise. First come those of an update of several PODs that has
 * begun elsewhere; the order is otherwise the same in all PODs.
 */
export async function turnIn(manager: EntityManager, pod: string): Promise<string | undefined> {
  const [first]: { id: string }[] = await manager.query(
    `select id from coordinator.deployments d
      where pod = $1 and state = 'Queued'
        and not exists (select 1 from coordinator.deployments l where l.pod = $1 and l.leased)
        and not exists (
          select 1 from coordinator.deployments o
           where o.state in ('Authenticating', 'Resolving') and o.data->'target'->>'pod' = $1
             and (o.submitted_at, o.update_id) < (d.submitted_at, d.update_id))
      order by exists (select 1 from coordinator.update_groups g where g.id = d.update_id and g.begun) desc,
        submitted_at, update_id limit 1`,
    [pod],
  );
  return first?.id;
}

/** The deployment whose turn it is, locked. Needs the POD's lock. */
export async function nextInQueue(manager: EntityManager, pod: string): Promise<DeploymentEntity | null> {
  const id = await turnIn(manager, pod);
  return id === undefined ? null : lockDeployment(manager, id);
}

/** Every deployment that waits for the POD, oldest first, locked. Needs the POD's lock. */
export function lockQueue(manager: EntityManager, pod: string): Promise<DeploymentEntity[]> {
  return manager.find(DeploymentEntity, {
    where: { pod, state: 'Queued' },
    order: { submittedAt: 'ASC', updateId: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });
}

export function lockDeployment(manager: EntityManager, id: string): Promise<DeploymentEntity | null> {
  return manager.findOne(DeploymentEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
}
