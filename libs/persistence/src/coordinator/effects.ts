import type { EntityManager } from 'typeorm';
import type { ServerOutcome } from '@podway/contracts';
import type { Moved, ReleaseRecord, SagaState } from '@podway/pipeline';
import { setRotation } from '../rotation/rotation.js';
import { liftWriteFence } from '../rotation/write-fences.js';

/** Saves what a decision means for releases and servers. Needs the POD's lock when the deployment holds its lease. */
export async function applyEffects(
  manager: EntityManager,
  { state, effects }: Moved,
  now: Date,
): Promise<void> {
  const { pod } = state;
  if (pod === undefined) return;
  if (effects.recordRelease) await recordRelease(manager, pod, state, effects.recordRelease, now);
  for (const server of effects.servers) await recordServer(manager, pod, server, now);
  for (const server of effects.recordRelease?.servers ?? []) {
    await upsert(manager, pod, server, now, {
      release: effects.recordRelease?.number,
      fingerprint: effects.recordRelease?.fingerprint,
    });
  }
  // What was found before counts no more: whether they are well now is told by the next look, at once.
  if (effects.recordRelease)
    await manager.query(
      `update coordinator.drift_checks set due_at = $2 where pod = $1 and exists (
         select 1 from coordinator.server_status s where s.pod = $1 and s.drifted_since is not null)`,
      [pod, now],
    );
  if (effects.unquarantine.length > 0) await unquarantine(manager, state, pod, effects.unquarantine, now);
  await quarantine(manager, state, pod, effects, now);
  if (effects.releaseLease) await liftWriteFence(manager, pod);
}

async function unquarantine(
  manager: EntityManager,
  state: SagaState,
  pod: string,
  servers: readonly string[],
  now: Date,
): Promise<void> {
  for (const server of servers) await upsert(manager, pod, server, now, { quarantined: false, reason: null });
  // Gateways route by generations: a new one makes them look.
  if (state.fencingToken !== undefined) await setRotation(manager, pod, new Map(), state.fencingToken);
}

async function quarantine(
  manager: EntityManager,
  state: SagaState,
  pod: string,
  effects: Moved['effects'],
  now: Date,
): Promise<void> {
  if (effects.quarantine.length === 0) return;
  const told = new Map(effects.servers.map((server) => [server.name, server]));
  for (const server of effects.quarantine) {
    const reason = told.get(server)?.detail ?? state.failure?.detail ?? 'left behind';
    await upsert(manager, pod, server, now, {
      quarantined: true,
      reason: `${state.deploymentId}: ${reason}`,
    });
  }
  // The worker took them out if it could; here it is made certain, whatever became of the worker.
  const out = new Map(effects.quarantine.map((server) => [server, false]));
  if (state.fencingToken !== undefined) await setRotation(manager, pod, out, state.fencingToken);
}

async function recordRelease(
  manager: EntityManager,
  pod: string,
  state: SagaState,
  release: ReleaseRecord,
  now: Date,
): Promise<void> {
  await manager.query(
    `insert into coordinator.releases
       (pod, number, tree_id, fingerprint, artifact, source_release, deployment_id, label, publisher, created_at,
        reason, changes, name, version)
     select $1, $2::int, $3, $4, $5, $6::int, $7, $8, $9, $10::timestamptz, $11, $12::jsonb, what.name, what.version
       from (select 1) one left join lateral (
         select manifest->>'name' as name, manifest->>'version' as version from ingress.artifacts where digest = $5
         union all select name, version from coordinator.releases where pod = $1 and number = $6
         limit 1) what on true
     on conflict do nothing`,
    [
      pod,
      release.number,
      release.treeId,
      release.fingerprint,
      state.source.artifact ?? null,
      state.source.release ?? null,
      state.deploymentId,
      state.label ?? null,
      state.publisher.key,
      now,
      state.reason ?? null,
      state.changes === undefined ? null : JSON.stringify(state.changes),
    ],
  );
}

async function recordServer(
  manager: EntityManager,
  pod: string,
  server: ServerOutcome,
  now: Date,
): Promise<void> {
  if (server.fingerprint !== undefined)
    await upsert(manager, pod, server.name, now, { fingerprint: server.fingerprint });
}

interface StatusChange {
  release?: number;
  fingerprint?: string;
  quarantined?: boolean;
  reason?: string | null;
}

async function upsert(
  manager: EntityManager,
  pod: string,
  server: string,
  now: Date,
  change: StatusChange,
): Promise<void> {
  await manager.query(
    `insert into coordinator.server_status as s (pod, server, release, fingerprint, quarantined, reason, updated_at)
     values ($1, $2, $3, $4, coalesce($5, false), $6, $7)
     on conflict (pod, server) do update set
       release = coalesce($3, s.release), fingerprint = coalesce($4, s.fingerprint),
       quarantined = coalesce($5, s.quarantined),
       reason = case when $5::boolean is null then s.reason else $6 end, updated_at = $7`,
    [
      pod,
      server,
      change.release ?? null,
      change.fingerprint ?? null,
      change.quarantined ?? null,
      change.reason ?? null,
      now,
    ],
  );
}
