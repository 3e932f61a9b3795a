import type { PodDetailView, ReleaseView } from '@podway/contracts';
import type { Printer } from './printer.js';

/** A POD and its servers, for people. */
export function podLines(pod: PodDetailView, printer: Printer): string[] {
  const release = pod.currentRelease ? `release ${pod.currentRelease.number}` : 'no release yet';
  const running = pod.runningDeployment ? `, deployment ${pod.runningDeployment} runs` : '';
  const queue = pod.queueLength > 0 ? `, ${pod.queueLength} waiting` : '';
  const rows = pod.servers.map((server) => [
    server.name,
    server.release === undefined ? '-' : String(server.release),
    server.fingerprint?.slice(0, 12) ?? '-',
    server.quarantined ? 'quarantined' : server.inRotation ? 'in rotation' : 'out',
    server.region ?? '',
    server.reason ?? '',
  ]);
  return [
    printer.colors.bold(`POD ${pod.name} of ${pod.client}: ${release}${running}${queue}`),
    ...printer.table(['SERVER', 'RELEASE', 'FINGERPRINT', 'ACCESSES', 'REGION', ''], rows, 'No servers.'),
  ];
}

/** Rows of the list of releases. */
export function releaseRow(release: ReleaseView): string[] {
  const from = release.sourceRelease === undefined ? '' : ` (back to ${release.sourceRelease})`;
  return [
    `${release.number}${release.current ? ' *' : ''}`,
    release.createdAt.replace('T', ' ').slice(0, 16),
    release.fingerprint.slice(0, 12),
    `${release.label ?? ''}${from}`,
  ];
}
