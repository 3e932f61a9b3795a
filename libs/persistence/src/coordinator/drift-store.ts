import type { DataSource, EntityManager } from 'typeorm';
import {
  CheckPod,
  DRIFT_EVERY_MS,
  envelop,
  type CheckRequested,
  type PodSpec,
  type ServerLook,
} from '@podway/contracts';
import { routed } from '@podway/messaging';
import { appendEvents } from '../outbox/event-log.js';
import { claimInInbox } from '../outbox/inbox.js';
import { addToOutbox } from '../outbox/outbox.js';
import { setRotation } from '../rotation/rotation.js';
import { advisoryLocks } from '../advisory-locks.js';
import { markAgainst } from '../ingress/release-marks.js';
import { saveMove } from './saga-writer.js';
import { lockPod, saveCounters, type PodCounters } from './pod-queue.js';
import type { Moved } from '@podway/pipeline';
import { activeTraceparent } from '@podway/telemetry';

const SOURCE = 'saga-coordinator';
/** A look whose POD was busy in between is made again after this. */
const AGAIN_MS = 1_000;

/** How looks are bounded. */
export interface LookLimits {
  /** PODs looked at at once, over the whole installation. */
  readonly concurrency: number;
  /** After this time without an answer a look is given up. */
  readonly timeoutMs: number;
  /** Between two looks at a POD that has servers out of rotation. */
  readonly catchUpMs: number;
}

/** What is known of a POD whose look is over. */
export interface LookedPod {
  readonly client: string;
  readonly spec: PodSpec;
  readonly release: { readonly number: number; readonly treeId: string; readonly fingerprint: string };
  readonly artifact: string | null;
  readonly before: ReadonlyMap<string, SeenBefore>;
  readonly out: ReadonlySet<string>;
  readonly queued: boolean;
  readonly markedBad: boolean;
  readonly healsInVain: number;
  readonly stopped: string | null;
}

export interface SeenBefore {
  /** Also one that could not be told about since. */
  readonly drifted: boolean;
  readonly live: string | null;
  readonly quarantined: boolean;
}

/** What a look at a POD leads to. */
export interface LookResult {
  readonly servers: readonly ServerLook[];
  readonly events: readonly object[];
  readonly healsInVain: number;
  readonly stopped?: string;
  readonly quarantine: readonly string[];
  readonly move?: Moved;
}

const current = `
  select p.name as pod, p.client, p.revision, v.spec, r.number, r.tree_id, r.fingerprint, r.artifact, r.created_at,
         coalesce((d.data->>'podRevision')::int, p.revision) as state_revision
    from inventory.pods p
    join inventory.pod_revisions v on v.pod = p.name and v.revision = p.revision
    join lateral (select * from coordinator.releases where pod = p.name order by number desc limit 1) r on true
    left join coordinator.deployments d on d.id = r.deployment_id
   where p.removed_at is null`;

const everyMs = `coalesce((c.spec->'policy'->'drift'->>'everyMs')::bigint, ${DRIFT_EVERY_MS})`;
const ms = (number: string): string => `${number} * interval '1 millisecond'`;

interface CurrentRow {
  client: string;
  revision: number;
  spec: PodSpec;
  number: number;
  tree_id: string;
  fingerprint: string;
  artifact: string | null;
  state_revision: number;
}

/** When PODs are looked at, and what was found. The coordinator's own data. */
export class DriftStore {
  constructor(private readonly dataSource: DataSource) {}

  /** PODs to look at now: their time has come or somebody asked, and no deployment has them. Longest due first. */
  async due(limit: number, { catchUpMs }: LookLimits): Promise<string[]> {
    const rows: { pod: string }[] = await this.dataSource.query(
      `with c as (${current})
       select c.pod from c left join coordinator.drift_checks k on k.pod = c.pod
        cross join lateral (select coalesce(k.due_at, c.created_at + ${ms(everyMs)}) as at) due
        cross join lateral (select
            exists (select 1 from coordinator.server_status s where s.pod = c.pod and s.quarantined)
            or exists (select 1 from ingress.rotation o where o.pod = c.pod and not o.in_rotation
                        and c.spec->'servers' @> jsonb_build_array(jsonb_build_object('name', o.server))) as some) out
        where not exists (select 1 from coordinator.deployments l where l.pod = c.pod and l.leased)
          and (k.look_id is null or k.look_deadline < now())
          and (k.requested is not null
            or (coalesce(c.spec->'policy'->'drift'->>'on', 'report') <> 'off'
              and (due.at <= now()
                or (out.some and coalesce(k.last_at, c.created_at) + ${ms('$2::bigint')} <= now()))))
        order by k.requested is null, due.at limit $1`,
      [limit, catchUpMs],
    );
    return rows.map(({ pod }) => pod);
  }

  /** Begins a look at the POD, unless it is no longer due or as many are under way as may. Tells whether it has begun. */
  begin(pod: string, lookId: string, { concurrency, timeoutMs }: LookLimits): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query('select pg_advisory_xact_lock($1)', [advisoryLocks.looks]);
      const { fencingToken } = await lockPod(manager, pod);
      const row = await currentOf(manager, pod);
      if (!row || (await isBusy(manager, pod))) return false;
      const [{ n }]: [{ n: number }] = await manager.query(
        'select count(*)::int as n from coordinator.drift_checks where look_id is not null and look_deadline >= now()',
      );
      if (n >= concurrency) return false;
      const begun: { look_id: string; look_deep: boolean }[] = await manager.query(
        `insert into coordinator.drift_checks as k (pod, due_at, look_id, look_token, look_deadline)
         values ($1, now(), $2, $3, now() + ${ms('$4::bigint')})
         on conflict (pod) do update set look_id = coalesce(k.requested, $2), look_deep = k.requested_deep,
           look_token = $3, look_deadline = now() + ${ms('$4::bigint')}, requested = null, requested_deep = false
           where k.look_id is null or k.look_deadline < now()
         returning look_id, look_deep`,
        [pod, lookId, fencingToken, timeoutMs],
      );
      const [look] = begun;
      if (!look) return false;
      await addToOutbox(manager, 'coordinator', [routed(commandOf(pod, row, look))]);
      return true;
    });
  }

  /** Notes that somebody wants the POD looked at. One wish takes the place of another; a deep one stays deep. */
  async request(messageId: string, { pod, lookId, deep }: CheckRequested): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      if (!(await claimInInbox(manager, messageId))) return;
      await manager.query(
        `insert into coordinator.drift_checks as k (pod, due_at, requested, requested_deep) values ($1, now(), $2, $3)
         on conflict (pod) do update set requested = $2, requested_deep = $3 or (k.requested is not null and k.requested_deep)`,
        [pod, lookId, deep],
      );
    });
  }

  /**
   * Ends a look: `judge` says what comes of it, and that is saved in one transaction. When a deployment had the POD in
   * between, nothing that was seen counts, and the look is made again.
   * @returns what was saved, or undefined for a look that does not count.
   */
  finish(
    messageId: string,
    { pod, lookId, servers }: { pod: string; lookId: string; servers: readonly ServerLook[] },
    judge: (pod: LookedPod, counters: PodCounters) => LookResult,
    traceparent: string,
  ): Promise<LookResult | undefined> {
    return this.dataSource.transaction(async (manager) => {
      if (!(await claimInInbox(manager, messageId))) return undefined;
      const counters = await lockPod(manager, pod);
      const [look]: { look_token: string; heals_in_vain: number; stopped: string | null }[] =
        await manager.query(
          'select look_token, heals_in_vain, stopped from coordinator.drift_checks where pod = $1 and look_id = $2',
          [pod, lookId],
        );
      if (!look) return undefined;
      const row = await currentOf(manager, pod);
      if (!row || Number(look.look_token) !== counters.fencingToken || (await isBusy(manager, pod))) {
        await again(manager, pod);
        return undefined;
      }
      const known = await knownOf(manager, pod, row, look);
      const result = judge(known, counters);
      await this.save(manager, { pod, lookId, servers }, known, result, counters, traceparent);
      return result;
    });
  }

  private async save(
    manager: EntityManager,
    { pod, lookId, servers }: { pod: string; lookId: string; servers: readonly ServerLook[] },
    known: LookedPod,
    result: LookResult,
    counters: PodCounters,
    traceparent: string,
  ): Promise<void> {
    const now = new Date();
    for (const server of servers) await saveLook(manager, pod, server, now);
    if (result.quarantine.length > 0) await keepOut(manager, pod, result.quarantine, counters, now);
    const subject = `${known.client}/${pod}`;
    const events = result.events.map((event) => envelop(event, { source: SOURCE, traceparent, subject }));
    await appendEvents(manager, events, { client: known.client, pod });
    if (result.move) await saveMove(manager, result.move, traceparent, now);
    await manager.query(
      `update coordinator.drift_checks set look_id = null, last_look_id = $2, last_deep = look_deep, last_at = $3,
         due_at = $3::timestamptz + ${ms('$4::bigint')}, heals_in_vain = $5, stopped = $6 where pod = $1`,
      [
        ...[pod, lookId, now, known.spec.policy?.drift?.everyMs ?? DRIFT_EVERY_MS],
        ...[result.healsInVain, result.stopped ?? null],
      ],
    );
  }
}

function commandOf(
  pod: string,
  row: CurrentRow,
  look: { look_id: string; look_deep: boolean },
): ReturnType<typeof envelop> {
  const command = Object.assign(new CheckPod(), {
    ...{ lookId: look.look_id, client: row.client, pod, podRevision: row.revision },
    expected: { release: row.number, treeId: row.tree_id, fingerprint: row.fingerprint },
    ...{ stateRevision: row.state_revision, deep: look.look_deep },
  });
  const subject = `${row.client}/${pod}`;
  return envelop(command, { source: SOURCE, subject, traceparent: activeTraceparent() });
}

async function currentOf(manager: EntityManager, pod: string): Promise<CurrentRow | undefined> {
  const [row]: CurrentRow[] = await manager.query(`${current} and p.name = $1`, [pod]);
  return row;
}

async function isBusy(manager: EntityManager, pod: string): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    'select 1 from coordinator.deployments where pod = $1 and leased limit 1',
    [pod],
  );
  return rows.length > 0;
}

/** The look did not count: it is made again once the POD is at rest, for whoever has asked for it too. */
async function again(manager: EntityManager, pod: string): Promise<void> {
  await manager.query(
    `update coordinator.drift_checks set requested = coalesce(requested, look_id),
       requested_deep = requested_deep or look_deep, look_id = null, due_at = now() + ${ms('$2::bigint')} where pod = $1`,
    [pod, AGAIN_MS],
  );
}

async function knownOf(
  manager: EntityManager,
  pod: string,
  row: CurrentRow,
  look: { heals_in_vain: number; stopped: string | null },
): Promise<LookedPod> {
  const status: { server: string; drifted: boolean; live: string | null; quarantined: boolean }[] =
    await manager.query(
      'select server, drifted_since is not null as drifted, live_fingerprint as live, quarantined from coordinator.server_status where pod = $1',
      [pod],
    );
  const out: { server: string }[] = await manager.query(
    'select server from ingress.rotation where pod = $1 and not in_rotation',
    [pod],
  );
  const [waiting]: { n: number }[] = await manager.query(
    `select count(*)::int as n from coordinator.deployments where state in ('Queued', 'Resolving', 'Authenticating')
       and coalesce(pod, data->'target'->>'pod') = $1`,
    [pod],
  );
  const { number, tree_id: treeId, fingerprint, artifact } = row;
  const mark = await markAgainst(manager, pod, { treeId, ...(artifact === null ? {} : { artifact }) });
  return {
    ...{ client: row.client, spec: row.spec, release: { number, treeId, fingerprint }, artifact },
    before: new Map(status.map((one) => [one.server, one])),
    out: new Set(out.map(({ server }) => server)),
    queued: (waiting?.n ?? 0) > 0,
    markedBad: mark !== null,
    ...{ healsInVain: look.heals_in_vain, stopped: look.stopped },
  };
}

/** A server that cannot be told about keeps what was known: whether it had drifted, and since when. */
async function saveLook(manager: EntityManager, pod: string, look: ServerLook, now: Date): Promise<void> {
  const { name, finding, fingerprint, changes, code, detail } = look;
  const told = finding === 'in-sync' || finding === 'drifted';
  await manager.query(
    `insert into coordinator.server_status as s
       (pod, server, updated_at, finding, checked_at, live_fingerprint, drifted_since, changes, code, detail)
     values ($1, $2, $3, $4, $3, $5, case when $4 = 'drifted' then $3::timestamptz end, $6, $7, $8)
     on conflict (pod, server) do update set finding = $4, checked_at = $3, code = $7, detail = $8,
       live_fingerprint = case when $9 then $5 else s.live_fingerprint end,
       drifted_since = case when $4 = 'drifted' then coalesce(s.drifted_since, $3) when $9 then null else s.drifted_since end,
       changes = case when $9 then $6::jsonb else s.changes end`,
    [
      ...[pod, name, now, finding, fingerprint ?? null],
      ...[finding === 'drifted' && changes ? JSON.stringify(changes) : null, code ?? null, detail ?? null],
      told,
    ],
  );
}

async function keepOut(
  manager: EntityManager,
  pod: string,
  servers: readonly string[],
  counters: PodCounters,
  now: Date,
): Promise<void> {
  counters.fencingToken += 1;
  await setRotation(manager, pod, new Map(servers.map((name) => [name, false])), counters.fencingToken);
  await saveCounters(manager, pod, counters);
  await manager.query(
    `update coordinator.server_status set quarantined = true, reason = 'drifted: it is being healed', updated_at = $3
      where pod = $1 and server = any($2)`,
    [pod, servers, now],
  );
}
