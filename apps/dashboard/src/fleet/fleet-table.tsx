import { Link } from 'react-router';
import type { FleetPodView } from '@podway/contracts';
import { EnvironmentMark } from '../pod/environment-mark.js';
import { Icon } from '../shown/icon.js';
import { Mark } from '../shown/mark.js';
import { Ago } from '../shown/times.js';
import { healths, states } from '../shown/words.js';

export function FleetTable({ pods }: { pods: readonly FleetPodView[] }) {
  return (
    <table className="grid">
      <caption>PODs, the worst first</caption>
      <thead>
        <tr>
          <th scope="col">POD</th>
          <th scope="col">Health</th>
          <th scope="col">Release</th>
          <th scope="col">Servers</th>
          <th scope="col">Update</th>
          <th scope="col">Queue</th>
        </tr>
      </thead>
      <tbody>
        {pods.map((pod) => (
          <FleetRow key={pod.name} pod={pod} />
        ))}
      </tbody>
    </table>
  );
}

function FleetRow({ pod }: { pod: FleetPodView }) {
  const { name, client, hosts, health, release, releaseLabel, releasedAt, paused } = pod;
  return (
    <tr>
      <td className="main-cell" data-label="POD">
        <div>
          <Link to={`/pods/${name}`}>{name}</Link> <EnvironmentMark environment={pod.environment} />
          <small>
            {client}
            {hosts[0] === undefined ? '' : `, ${hosts[0]}`}
          </small>
        </div>
      </td>
      <td data-label="Health">
        <Mark shown={healths[health]} />
      </td>
      <td data-label="Release" className="long">
        {release === undefined ? (
          'none'
        ) : (
          <div>
            {release}
            {releaseLabel === undefined ? '' : `: ${releaseLabel}`}
            <small>{releasedAt && <Ago at={releasedAt} />}</small>
          </div>
        )}
      </td>
      <td data-label="Servers">
        <Servers pod={pod} />
      </td>
      <td data-label="Update" className="long">
        <Update pod={pod} />
      </td>
      <td data-label="Queue" className="number">
        <div>
          {pod.queueLength}
          {pod.waitingSince && (
            <small>
              since <Ago at={pod.waitingSince} />
            </small>
          )}
          {paused && (
            <span className="mark mark-plain" data-tone="quiet" title={paused.reason}>
              <Icon name="pause" size={14} /> Paused
            </span>
          )}
        </div>
      </td>
    </tr>
  );
}

function Servers({
  pod: { serverCount, outCount, driftedCount, quarantinedCount, checkedAt },
}: {
  pod: FleetPodView;
}) {
  const odd = [
    driftedCount > 0 ? `${driftedCount} drifted` : '',
    quarantinedCount > 0 ? `${quarantinedCount} quarantined` : '',
  ].filter((one) => one !== '');
  return (
    <div className="number">
      {serverCount - outCount} of {serverCount} in rotation
      <small>
        {odd.length > 0 ? (
          <span className="mark mark-plain" data-tone="warn">
            <Icon name="alert" size={14} /> {odd.join(', ')}
          </span>
        ) : checkedAt ? (
          <>
            in sync, looked at <Ago at={checkedAt} />
          </>
        ) : (
          'not looked at yet'
        )}
      </small>
    </div>
  );
}

function Update({ pod: { running, last } }: { pod: FleetPodView }) {
  const told = running ?? last;
  if (!told) return <>none yet</>;
  return (
    <div>
      <Link to={`/deployments/${told.id}`} className="plain-link">
        <Mark shown={states[told.state]} quiet={!running} />
      </Link>
      <small>
        {told.label === undefined ? '' : `${told.label}, `}
        <Ago at={told.at} />
      </small>
    </div>
  );
}
