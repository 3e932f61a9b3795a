import type { PodDetailView, ReleaseView } from '@podway/contracts';
import type { Printer } from './printer.js';
import { countsText } from './change-lines.js';
import { fitted, harmless } from './text.js';

/** A POD and its servers, for people. */
export function podLines(pod: PodDetailView, printer: Printer): string[] {
  const release = pod.currentRelease ? `release ${pod.currentRelease.number}` : 'no release yet';
  const running = pod.runningDeployment ? `, deployment ${pod.runningDeployment} runs` : '';
  const environment = pod.environment === undefined ? '' : ` (${pod.environment})`;
  const queue = pod.queueLength > 0 ? `, ${pod.queueLength} waiting` : '';
  const rows = pod.servers.map((server) => [
    server.name,
    server.release === undefined ? '-' : String(server.release),
    server.fingerprint?.slice(0, 12) ?? '-',
    server.quarantined ? 'quarantined' : server.inRotation ? 'in rotation' : 'out',
    server.finding ?? '-',
    server.region ?? '',
    server.reason ?? '',
  ]);
  return [
    printer.colors.bold(
      `POD ${pod.name} of ${pod.client}${environment}: ${release}${running}${queue}${pausedText(pod)}`,
    ),
    ...fenceLine(pod),
    ...printer.table(
      ['SERVER', 'RELEASE', 'FINGERPRINT', 'ACCESSES', 'STATE', 'REGION', ''],
      rows,
      'No servers.',
    ),
  ];
}

function fenceLine({ writesFenced }: PodDetailView): string[] {
  return writesFenced ? ['Writes are fenced: users can only read until the deployment is over.'] : [];
}

function pausedText({ paused }: PodDetailView): string {
  if (!paused) return '';
  return paused.reason === undefined ? ', paused' : `, paused: ${harmless(paused.reason)}`;
}

/** Rows of the list of releases. */
export function releaseRow(release: ReleaseView): string[] {
  const { number, current, createdAt, publisher, changes, bad, kept } = release;
  const back = release.sourceRelease === undefined ? '' : `back to release ${release.sourceRelease}`;
  const label = release.label ?? '';
  return [
    `${number}${current ? ' *' : ''}`,
    createdAt.replace('T', ' ').slice(0, 16),
    fitted(publisher, 12),
    changes ? countsText(changes) : '-',
    bad ? 'BAD' : kept ? 'kept' : 'gone',
    label === '' || label === back || back === '' ? label || back : `${label} (${back})`,
  ];
}
