import { Button } from '@mantine/core';
import { Link } from 'react-router';
import type { PodDetailView, ReleaseView } from '@podway/contracts';
import { may, useSession } from '../session/session.js';
import { Fingerprint } from '../shown/fingerprint.js';
import { Mark } from '../shown/mark.js';
import { Ago } from '../shown/times.js';
import type { Shown } from '../shown/words.js';

interface ReleaseTableProps {
  pod: PodDetailView;
  releases: readonly ReleaseView[];
  onGoBack: (release: ReleaseView) => void;
}

function shownOf({ current, bad, kept }: ReleaseView): Shown {
  if (bad) return { word: 'Marked bad', icon: 'alert', tone: 'bad' };
  if (current) return { word: 'Current', icon: 'check', tone: 'good' };
  if (kept) return { word: 'Kept', icon: 'layers', tone: 'quiet' };
  return { word: 'Not kept', icon: 'dash', tone: 'quiet' };
}

export function ReleaseTable({ pod, releases, onGoBack }: ReleaseTableProps) {
  const { caller } = useSession();
  const mayGoBack = may(caller, 'publish', pod.client, pod.name);
  return (
    <table className="grid">
      <caption>Releases, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Release</th>
          <th scope="col">State</th>
          <th scope="col">Changes</th>
          <th scope="col">Fingerprint</th>
          <th scope="col">Made</th>
          <th scope="col">Way back</th>
        </tr>
      </thead>
      <tbody>
        {releases.map((one) => (
          <tr key={one.number}>
            <td className="main-cell" data-label="Release">
              <div>
                <Link to={`/pods/${pod.name}/changes?to=${one.number}`}>
                  {one.number}
                  {one.label ? `: ${one.label}` : ''}
                </Link>
                <small>
                  {one.bad?.reason ??
                    one.reason ??
                    (one.sourceRelease ? `release ${one.sourceRelease} again` : '')}
                </small>
              </div>
            </td>
            <td data-label="State">
              <Mark shown={shownOf(one)} quiet />
            </td>
            <td data-label="Changes" className="number">
              {one.changes ? `+${one.changes.added}, ~${one.changes.changed}, -${one.changes.removed}` : '-'}
            </td>
            <td data-label="Fingerprint">
              <Fingerprint value={one.fingerprint} />
            </td>
            <td data-label="Made">
              <Link to={`/deployments/${one.deploymentId}`}>
                <Ago at={one.createdAt} />
              </Link>
            </td>
            <td data-label="Way back">
              {mayGoBack && one.kept && !one.current ? (
                <Button size="compact-sm" variant="default" onClick={() => onGoBack(one)}>
                  Roll back to {one.number}
                </Button>
              ) : (
                '-'
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
