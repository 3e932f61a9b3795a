import type { DataSource } from 'typeorm';
import type { DeploymentState, ServerFinding } from '@podway/contracts';

/** What there is, at one moment. Ages are seconds. */
export interface Census {
  readonly pods: number;
  /** Deployments that are not over, and the age of the state of the one that is longest in it. */
  readonly running: readonly { state: DeploymentState; count: number; ageS: number }[];
  /** PODs that a failed roll-back holds. */
  readonly rollbackFailed: number;
  readonly waiting: readonly { pod: string; count: number; ageS: number }[];
  readonly outboxes: readonly { outbox: string; count: number; ageS: number }[];
  readonly servers: readonly { finding: ServerFinding; count: number }[];
  readonly drifted: readonly { pod: string; count: number }[];
  readonly quarantined: readonly { pod: string; count: number }[];
  readonly healingStopped: number;
}

const AGE_OF = (at: string): string => `coalesce(extract(epoch from now() - min(${at})), 0)::float8`;

const outbox = (name: string, table: string, unsent = 'true'): string =>
  `select '${name}' as outbox, count(*)::int as count, ${AGE_OF('created_at')} as "ageS" from ${table} where ${unsent}`;

/** What of the inventory is there now: what is left of a POD that was removed is nobody's concern. */
const LIVE = 'join inventory.pods p on p.name = s.pod and p.removed_at is null';

/** Each is short: what is open, waits or differs is few, and has an index. */
const queries = {
  pods: 'select count(*)::int as count from inventory.pods where removed_at is null',
  running: `select state, count(*)::int as count, ${AGE_OF("(data->>'enteredAt')::timestamptz")} as "ageS"
    from coordinator.deployments where finished_at is null group by state`,
  rollbackFailed: `select count(*)::int as count from coordinator.deployments where leased and state = 'RollbackFailed'`,
  waiting: `select pod, count(*)::int as count, ${AGE_OF('submitted_at')} as "ageS"
    from coordinator.deployments where state = 'Queued' group by pod`,
  outboxes: [
    outbox('coordinator', 'coordinator.outbox'),
    outbox('ingress', 'ingress.outbox'),
    outbox('events', 'coordinator.event_log', 'not published'),
  ].join(' union all '),
  servers: `select finding, count(*)::int as count from coordinator.server_status s ${LIVE}
    where finding is not null group by finding`,
  drifted: `select pod, count(*)::int as count from coordinator.server_status s ${LIVE}
    where finding = 'drifted' group by pod`,
  quarantined: `select pod, count(*)::int as count from coordinator.server_status s ${LIVE}
    where quarantined group by pod`,
  healingStopped: `select count(*)::int as count from coordinator.drift_checks s ${LIVE} where stopped is not null`,
} as const;

/** Counts what there is. Reads committed rows and takes no lock. */
export async function takeCensus(dataSource: DataSource): Promise<Census> {
  const rows: Record<string, unknown> = {};
  for (const [name, query] of Object.entries(queries)) rows[name] = await dataSource.query(query);
  const counted = (name: keyof typeof queries): number => (rows[name] as { count: number }[])[0]?.count ?? 0;
  return {
    ...(rows as unknown as Census),
    pods: counted('pods'),
    rollbackFailed: counted('rollbackFailed'),
    healingStopped: counted('healingStopped'),
  };
}
