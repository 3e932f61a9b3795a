import type { PodDetailView, PodServerView, PodView, ReleaseView } from '@podway/contracts';
import type { InventoryPod, PodActivity, ReleaseEntity, ServerStatusEntity } from '@podway/persistence';

export function podView(
  { spec, revision }: InventoryPod,
  release: ReleaseEntity | undefined,
  activity: PodActivity | undefined,
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
  };
}

export function podDetail(
  view: PodView,
  { spec }: InventoryPod,
  known: {
    release: ReleaseEntity | undefined;
    status: readonly ServerStatusEntity[];
    inRotation: readonly string[];
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
      };
    }),
    ...(known.release ? { currentRelease: releaseView(known.release, known.release.number) } : {}),
  };
}

export function releaseView(release: ReleaseEntity, current: number | undefined): ReleaseView {
  return {
    number: release.number,
    fingerprint: release.fingerprint,
    current: release.number === current,
    ...(release.artifact === null ? {} : { artifact: release.artifact }),
    ...(release.sourceRelease === null ? {} : { sourceRelease: release.sourceRelease }),
    deploymentId: release.deploymentId,
    ...(release.label === null ? {} : { label: release.label }),
    publisher: release.publisher,
    createdAt: release.createdAt.toISOString(),
  };
}
