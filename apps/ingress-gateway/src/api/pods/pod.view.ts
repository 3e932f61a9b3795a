import type { PodDetailView, PodServerView, PodView } from '@podway/contracts';
import type {
  InventoryPod,
  PodActivity,
  PodPauseEntity,
  ReleaseEntity,
  ServerStatusEntity,
  WriteFence,
} from '@podway/persistence';
import { releaseView, type ReleaseFacts } from '../releases/release.view.js';

export function podView(
  { spec, revision }: InventoryPod,
  release: ReleaseEntity | undefined,
  activity: PodActivity | undefined,
  pause: PodPauseEntity | undefined,
): PodView {
  return {
    name: spec.name,
    client: spec.client,
    revision,
    hosts: spec.hosts ?? [],
    serverCount: spec.servers.length,
    ...(release ? { release: release.number } : {}),
    ...(activity?.running ? { runningDeployment: activity.running } : {}),
    queueLength: activity?.queued ?? 0,
    ...(pause ? { paused: pauseView(pause) } : {}),
    ...(spec.environment === undefined ? {} : { environment: spec.environment }),
  };
}

function pauseView({ pausedBy, reason, pausedAt }: PodPauseEntity): PodView['paused'] {
  return { by: pausedBy, ...(reason === null ? {} : { reason }), since: pausedAt.toISOString() };
}

export function podDetail(
  view: PodView,
  { spec }: InventoryPod,
  known: {
    release: ReleaseEntity | undefined;
    status: readonly ServerStatusEntity[];
    inRotation: readonly string[];
    facts: ReleaseFacts;
    fence: WriteFence | undefined;
  },
): PodDetailView {
  const status = new Map(known.status.map((row) => [row.server, row]));
  return {
    ...view,
    servers: spec.servers.map((server): PodServerView => {
      const proved = status.get(server.name);
      return {
        name: server.name,
        ...(server.region === undefined ? {} : { region: server.region }),
        ...(proved?.release ? { release: proved.release } : {}),
        ...(proved?.fingerprint ? { fingerprint: proved.fingerprint } : {}),
        inRotation: known.inRotation.includes(server.name),
        quarantined: proved?.quarantined ?? false,
        ...(proved?.reason ? { reason: proved.reason } : {}),
        ...(proved?.finding ? { finding: proved.finding } : {}),
        ...(proved?.checkedAt ? { checkedAt: proved.checkedAt.toISOString() } : {}),
        ...(proved?.driftedSince ? { driftedSince: proved.driftedSince.toISOString() } : {}),
      };
    }),
    ...(known.fence ? { writesFenced: { ...known.fence, since: known.fence.since.toISOString() } } : {}),
    ...(known.release ? { currentRelease: releaseView(known.release, known.facts) } : {}),
  };
}
