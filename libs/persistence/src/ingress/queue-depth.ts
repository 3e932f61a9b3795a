import type { EntityManager } from 'typeorm';
import { PodwayError } from '@podway/contracts';

/** As many updates wait for the POD as may. Later there may be room. */
export class QueueFullError extends PodwayError {
  constructor(pod: string, depth: number) {
    super('QUEUE.FULL', `${depth} updates wait for POD ${pod} already, which is as many as may`, {
      retryable: true,
      details: { pod, depth },
    });
  }
}

/** An update whose message is on its way for longer than this is begun from its record. */
const ON_ITS_WAY = "interval '1 hour'";

/**
 * Keeps the queue of a POD within its depth. Held until the transaction ends, so that of two updates at once one is
 * the last.
 * @throws QueueFullError
 */
export async function refuseFullQueue(manager: EntityManager, pod: string, depth: number): Promise<void> {
  await manager.query(`select pg_advisory_xact_lock(hashtextextended('podway.queue.' || $1, 0))`, [pod]);
  const [row]: { waiting: number }[] = await manager.query(
    `select (
       (select count(*) from coordinator.deployments where pod = $1 and state = 'Queued')
       + (select count(*) from coordinator.deployments
           where state in ('Authenticating', 'Resolving') and data->'target'->>'pod' = $1)
       + (select count(*) from ingress.updates u where u.pod = $1 and u.created_at > now() - ${ON_ITS_WAY}
           and not exists (select 1 from coordinator.deployments d where d.id = u.deployment_id)))::int as waiting`,
    [pod],
  );
  // The new one is among them.
  if ((row?.waiting ?? 0) > depth) throw new QueueFullError(pod, depth);
}
