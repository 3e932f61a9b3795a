import type { FleetDeploymentView, FleetPodView, ShownState } from '@podway/contracts';
import { rankOf, type FleetDeployment, type FleetRow } from '@podway/persistence';

export function fleetPodView(row: FleetRow): FleetPodView {
  const { name, client, health, hosts, serverCount, outCount, driftedCount, quarantinedCount } = row;
  return {
    ...{ name, client, health, hosts, serverCount, outCount, driftedCount, quarantinedCount },
    ...(row.environment === null ? {} : { environment: row.environment }),
    ...(row.checkedAt ? { checkedAt: row.checkedAt.toISOString() } : {}),
    ...(row.release === null ? {} : { release: row.release }),
    ...(row.releaseLabel ? { releaseLabel: row.releaseLabel } : {}),
    ...(row.releasedAt ? { releasedAt: row.releasedAt.toISOString() } : {}),
    ...(row.running ? { running: deploymentOf(row.running) } : {}),
    ...(row.last ? { last: deploymentOf(row.last) } : {}),
    queueLength: row.queueLength,
    ...(row.waitingSince ? { waitingSince: row.waitingSince.toISOString() } : {}),
    ...(row.pausedAt ? { paused: pauseOf(row, row.pausedAt) } : {}),
  };
}

/** What is asked for to go on behind this POD. */
export function cursorOf({ health, name }: FleetRow): string {
  return `${rankOf(health)}.${name}`;
}

function pauseOf({ pausedBy, pauseReason }: FleetRow, pausedAt: Date): NonNullable<FleetPodView['paused']> {
  return {
    by: pausedBy ?? '',
    ...(pauseReason === null ? {} : { reason: pauseReason }),
    since: pausedAt.toISOString(),
  };
}

function deploymentOf({ id, state, label, at }: FleetDeployment): FleetDeploymentView {
  return {
    id,
    state: state as ShownState,
    ...(label === null ? {} : { label }),
    at: new Date(at).toISOString(),
  };
}
