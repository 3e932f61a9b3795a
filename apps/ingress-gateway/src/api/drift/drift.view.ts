import { DRIFT_EVERY_MS, type DriftView, type PodSpec, type ServerDriftView } from '@podway/contracts';
import type { DriftCheckEntity, ServerStatusEntity } from '@podway/persistence';

export interface DriftFacts {
  readonly release: number | undefined;
  readonly check: DriftCheckEntity | null;
  readonly status: readonly ServerStatusEntity[];
  readonly inRotation: readonly string[];
}

export function driftView({ name, policy, servers }: PodSpec, facts: DriftFacts): DriftView {
  const { release, check, inRotation } = facts;
  const status = new Map(facts.status.map((row) => [row.server, row]));
  const on = policy?.drift?.on ?? 'report';
  return {
    pod: name,
    policy: on,
    everyMs: policy?.drift?.everyMs ?? DRIFT_EVERY_MS,
    ...(release === undefined ? {} : { release }),
    ...(check?.lastLookId && check.lastAt
      ? { lastCheck: { id: check.lastLookId, at: check.lastAt.toISOString(), deep: check.lastDeep } }
      : {}),
    ...(check && on !== 'off' ? { nextCheckAt: check.dueAt.toISOString() } : {}),
    healsInVain: check?.healsInVain ?? 0,
    ...(check?.stopped ? { healingStopped: check.stopped } : {}),
    servers: servers.map((server) =>
      serverView(server.name, status.get(server.name), inRotation.includes(server.name)),
    ),
  };
}

function serverView(name: string, row: ServerStatusEntity | undefined, inRotation: boolean): ServerDriftView {
  return {
    name,
    inRotation: inRotation && row?.quarantined !== true,
    ...(row?.finding ? { finding: row.finding } : {}),
    ...(row?.checkedAt ? { checkedAt: row.checkedAt.toISOString() } : {}),
    ...(row?.liveFingerprint ? { fingerprint: row.liveFingerprint } : {}),
    ...(row?.driftedSince ? { driftedSince: row.driftedSince.toISOString() } : {}),
    ...(row?.changes ? { changes: row.changes } : {}),
    ...(row?.code ? { code: row.code } : {}),
    ...(row?.detail ? { detail: row.detail } : {}),
  };
}
