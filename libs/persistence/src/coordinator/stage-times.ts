import type { DataSource } from 'typeorm';
import { DEPLOYMENT_CHANGED, finishedStates, type DeploymentState } from '@podway/contracts';

/** How long deployments were in a state before they left it. */
export interface StageTimes {
  readonly stage: DeploymentState;
  readonly left: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** More than these say nothing new, and would take long. */
const MOST_DEPLOYMENTS = 1_000;

/** Of the deployments that ended within the window, the latest of them where they are very many. */
export function stageTimes(dataSource: DataSource, windowMs: number): Promise<StageTimes[]> {
  return dataSource.query(
    `with ended as (
       select id from coordinator.deployments where finished_at > now() - $1 * interval '1 millisecond'
        order by finished_at desc limit ${MOST_DEPLOYMENTS}
     ), entered as (
       select e.envelope->'data'->>'to' as stage, e.created_at as at,
              lead(e.created_at) over (partition by e.deployment_id order by e.id) as left_at
         from ended join coordinator.event_log e on e.deployment_id = ended.id
        where e.type = $2
     ), took as (
       select stage, greatest(0, extract(epoch from left_at - at) * 1000)::float8 as ms
         from entered where left_at is not null and stage <> all($3)
     )
     select stage, count(*)::int as left,
            percentile_cont(0.5) within group (order by ms) as "p50Ms",
            percentile_cont(0.95) within group (order by ms) as "p95Ms"
       from took group by stage`,
    [windowMs, DEPLOYMENT_CHANGED, finishedStates],
  );
}
