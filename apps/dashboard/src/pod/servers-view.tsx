import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { DriftView, PodDetailView, PodServerView, ServerDriftView } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Fingerprint } from '../shown/fingerprint.js';
import { Mark } from '../shown/mark.js';
import { Ago, Time } from '../shown/times.js';
import { LastDeployment } from './last-deployment.js';
import { useLastDeployment } from './use-last-deployment.js';
import type { Shown } from '../shown/words.js';

const byName = new Intl.Collator('en', { numeric: true });

/** A tile for each server, the last canary first. */
export function ServersView({ pod }: { pod: PodDetailView }) {
  const { podway } = useSession();
  const drift = useQuery({ queryKey: ['pod', pod.name, 'drift'], queryFn: () => podway.drift(pod.name) });
  const { deployment, canary } = useLastDeployment(pod);
  const servers = [...pod.servers].sort(
    (a, b) => Number(b.name === canary) - Number(a.name === canary) || byName.compare(a.name, b.name),
  );
  return (
    <>
      <ul className="tiles" aria-label="Servers">
        {servers.map((server) => (
          <ServerTile
            key={server.name}
            pod={pod}
            server={server}
            seen={drift.data?.servers.find(({ name }) => name === server.name)}
            canary={server.name === canary}
            lastDeployment={deployment?.id}
          />
        ))}
      </ul>
      {drift.data && <DriftNote drift={drift.data} />}
    </>
  );
}

interface ServerTileProps {
  pod: PodDetailView;
  server: PodServerView;
  seen: ServerDriftView | undefined;
  canary: boolean;
  /** Id of the POD's deployment that runs, or else of its newest. */
  lastDeployment: string | undefined;
}

function ServerTile({ pod, server, seen, canary, lastDeployment }: ServerTileProps) {
  const shown = serverShown(server, pod.runningDeployment !== undefined);
  const changes = seen?.changes?.tree;
  return (
    <li className="tile" data-tone={shown.tone} id={`server-${server.name}`}>
      <h3>
        <span>
          {server.name}
          {canary && ' (canary)'}
        </span>
        <Mark shown={shown} />
      </h3>
      <dl className="facts">
        <div>
          <dt>Release</dt>
          <dd>
            {server.release === undefined ? (
              'none'
            ) : (
              <Link to={`/pods/${pod.name}/changes?to=${server.release}`}>{server.release}</Link>
            )}
          </dd>
        </div>
        <div>
          <dt>Rotation</dt>
          <dd>
            <Mark
              quiet
              shown={
                server.inRotation
                  ? { word: 'In', icon: 'check', tone: 'good' }
                  : { word: 'Out', icon: 'pause', tone: 'warn' }
              }
            />
          </dd>
        </div>
        <div>
          <dt>Fingerprint</dt>
          <dd>
            <Fingerprint value={server.fingerprint} />
          </dd>
        </div>
        <div>
          <dt>Last look</dt>
          <dd>{server.checkedAt ? <Ago at={server.checkedAt} /> : 'not yet'}</dd>
        </div>
        {server.region !== undefined && (
          <div>
            <dt>Region</dt>
            <dd>{server.region}</dd>
          </div>
        )}
      </dl>
      {(server.reason ?? seen?.detail) && <p className="tile-note">{server.reason ?? seen?.detail}</p>}
      {changes && (
        <p className="tile-note">
          Differs from the release: {changes.added} added, {changes.changed} changed, {changes.removed}{' '}
          removed. <Link to={`/pods/${pod.name}/changes?live=${server.name}`}>Show the files</Link>
        </p>
      )}
      {lastDeployment !== undefined && (
        <LastDeployment pod={pod.name} server={server.name} deploymentId={lastDeployment} />
      )}
    </li>
  );
}

function serverShown(
  { quarantined, driftedSince, finding, inRotation, release }: PodServerView,
  busy: boolean,
): Shown {
  if (quarantined) return { word: 'Quarantined', icon: 'alert', tone: 'bad' };
  if (driftedSince !== undefined) return { word: 'Drifted', icon: 'alert', tone: 'warn' };
  if (finding === 'unreachable') return { word: 'Unreachable', icon: 'alert', tone: 'bad' };
  if (finding === 'unknown') return { word: 'State unknown', icon: 'alert', tone: 'warn' };
  if (!inRotation)
    return busy
      ? { word: 'Being updated', icon: 'busy', tone: 'busy' }
      : { word: 'Out of rotation', icon: 'pause', tone: 'warn' };
  if (finding === 'in-sync') return { word: 'In sync', icon: 'check', tone: 'good' };
  if (release === undefined) return { word: 'Empty', icon: 'dash', tone: 'quiet' };
  return { word: 'Proved', icon: 'check', tone: 'good' };
}

function DriftNote({ drift: { lastCheck, nextCheckAt, policy, healingStopped } }: { drift: DriftView }) {
  return (
    <p className="note">
      {lastCheck ? (
        <>
          Looked at <Ago at={lastCheck.at} />
          {lastCheck.deep ? ', every file' : ''}.
        </>
      ) : (
        'Not looked at since the release.'
      )}{' '}
      {nextCheckAt && (
        <>
          Next look: <Time at={nextCheckAt} />.{' '}
        </>
      )}
      What is done about drift: {policy}.{' '}
      {healingStopped !== undefined && <b>Not healed: {healingStopped}</b>}
    </p>
  );
}
