import type { DataSource } from 'typeorm';
import {
  podHealths,
  type Environment,
  type FleetFilter,
  type FleetTotals,
  type PodHealth,
} from '@podway/contracts';
import type { Visible } from '../auth/access.js';
import { visibleWhere } from '../auth/visible-where.js';

/** A deployment as the fleet's list has it. */
export interface FleetDeployment {
  id: string;
  state: string;
  label: string | null;
  /** RFC 3339. */
  at: string;
}

/** One POD of the fleet. */
export interface FleetRow {
  name: string;
  client: string;
  health: PodHealth;
  environment: Environment | null;
  hosts: string[];
  serverCount: number;
  outCount: number;
  driftedCount: number;
  quarantinedCount: number;
  checkedAt: Date | null;
  release: number | null;
  releaseLabel: string | null;
  releasedAt: Date | null;
  running: FleetDeployment | null;
  last: FleetDeployment | null;
  queueLength: number;
  waitingSince: Date | null;
  pausedBy: string | null;
  pauseReason: string | null;
  pausedAt: Date | null;
}

export interface FleetFilters {
  /** Unset: all. */
  visible?: Visible | undefined;
  show?: FleetFilter | undefined;
  /** In the name, client or host. */
  find?: string | undefined;
  /** Behind this POD, in the order of the list. */
  after?: { rank: number; name: string } | undefined;
  limit: number;
}

export interface FleetPage {
  totals: FleetTotals;
  rows: FleetRow[];
}

/** What the last update was is told by these: one that was refused or superseded has changed nothing. */
const TELLING = `('Succeeded', 'RolledBack', 'RollbackFailed', 'Failed', 'Aborted')`;
const deployment = (d: string, at: string): string =>
  `json_build_object('id', ${d}.id, 'state', ${d}.state, 'label', ${d}.data->>'label', 'at', ${at})`;

/** Conditions of {@link FleetFilter}; healths are compared as such. */
const others: Partial<Record<FleetFilter, string>> = {
  drifted: `"driftedCount" > 0`,
  waiting: `"queueLength" > 0`,
  paused: `"pausedAt" is not null`,
};

/** All PODs at a glance. Reads what others wrote. */
export class FleetReader {
  constructor(private readonly dataSource: DataSource) {}

  /** A page of PODs, the worst first, and the totals of all that are visible and found. */
  async page({ visible, show, find, after, limit }: FleetFilters): Promise<FleetPage> {
    const values: unknown[] = [];
    const bind = (value: unknown): string => `$${values.push(value)}`;
    const fleet = fleetQuery(visible, find, bind);
    const counts = [
      'count(*)::int as "all"',
      ...podHealths.map((health) => `(count(*) filter (where health = '${health}'))::int as "${health}"`),
      ...Object.entries(others).map(([name, is]) => `(count(*) filter (where ${is}))::int as "${name}"`),
    ];
    const shown = show === undefined ? 'true' : (others[show] ?? `health = ${bind(show)}`);
    const behind = after ? `(rank, name) > (${bind(after.rank)}::int, ${bind(after.name)}::text)` : 'true';
    const [found]: { totals: FleetTotals; rows: FleetRow[] | null }[] = await this.dataSource.query(
      `with fleet as materialized (${fleet}),
            page as (select * from fleet where ${shown} and ${behind} order by rank, name limit ${bind(limit)})
       select (select to_json(t) from (select ${counts.join(', ')} from fleet) t) as totals,
              (select json_agg(p order by p.rank, p.name) from page p) as rows`,
      values,
    );
    return { totals: found?.totals as FleetTotals, rows: (found?.rows ?? []).map(datesOf) };
  }
}

/** The place of a health in the order of the list. */
export function rankOf(health: PodHealth): number {
  return podHealths.indexOf(health);
}

function fleetQuery(visible: Visible | undefined, find: string | undefined, bind: (v: unknown) => string) {
  const mine = visibleWhere(visible, { client: 'p.client', pod: 'p.name' }, bind);
  const text = find === undefined ? undefined : bind(find.toLowerCase());
  const matching =
    text === undefined
      ? 'true'
      : `(strpos(p.name, ${text}) > 0 or strpos(p.client, ${text}) > 0
          or exists (select 1 from unnest(p.hosts) host where strpos(host, ${text}) > 0))`;
  return `
    select f.*, array_position(array[${podHealths.map((one) => `'${one}'`).join(', ')}], f.health) - 1 as rank from (
      select p.name, p.client, p.hosts, v.spec->>'environment' as environment, s.*, r.*, a.*, l.last,
             pp.paused_by as "pausedBy", pp.reason as "pauseReason", pp.paused_at as "pausedAt",
             case when l.state = 'RollbackFailed' then 'broken'
                  when s."quarantinedCount" > 0 or s."driftedCount" > 0 or (s."outCount" > 0 and a.running is null)
                    then 'degraded'
                  when a.running is not null then 'updating'
                  when l.state is not null and l.state not in ('Succeeded', 'Aborted') then 'failed'
                  when r.release is null then 'empty'
                  else 'healthy' end as health
        from inventory.pods p
        join inventory.pod_revisions v on v.pod = p.name and v.revision = p.revision
        left join ingress.pod_pauses pp on pp.pod = p.name
        cross join lateral (
          select count(*)::int as "serverCount",
                 (count(*) filter (where not coalesce(rot.in_rotation, true) or coalesce(st.quarantined, false)))::int
                   as "outCount",
                 (count(*) filter (where st.drifted_since is not null))::int as "driftedCount",
                 (count(*) filter (where st.quarantined))::int as "quarantinedCount",
                 min(st.checked_at) as "checkedAt"
            from jsonb_array_elements(v.spec->'servers') one(entry)
            left join coordinator.server_status st on st.pod = p.name and st.server = one.entry->>'name'
            left join ingress.rotation rot on rot.pod = p.name and rot.server = one.entry->>'name'
        ) s
        left join lateral (
          select number as release, coalesce(label, concat_ws(' ', name, version)) as "releaseLabel",
                 created_at as "releasedAt"
            from coordinator.releases where pod = p.name order by number desc limit 1
        ) r on true
        cross join lateral (
          select (json_agg(${deployment('d', 'd.updated_at')}) filter (where leased))->0 as running,
                 (count(*) filter (where state = 'Queued'))::int as "queueLength",
                 min(submitted_at) filter (where state = 'Queued') as "waitingSince"
            from coordinator.deployments d where pod = p.name and (leased or state = 'Queued')
        ) a
        left join lateral (
          select d.state, ${deployment('d', 'd.finished_at')} as last
            from coordinator.deployments d
           where pod = p.name and state in ${TELLING} order by id desc limit 1
        ) l on true
       where p.removed_at is null and ${mine} and ${matching}
    ) f`;
}

/** JSON has no times. */
function datesOf(row: FleetRow): FleetRow {
  const date = (value: Date | null): Date | null => (value === null ? null : new Date(value));
  return {
    ...row,
    checkedAt: date(row.checkedAt),
    releasedAt: date(row.releasedAt),
    waitingSince: date(row.waitingSince),
    pausedAt: date(row.pausedAt),
  };
}
