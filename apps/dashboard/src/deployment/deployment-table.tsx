import { Link } from 'react-router';
import type { DeploymentView } from '@podway/contracts';
import { Mark } from '../shown/mark.js';
import { Ago, lengthOf } from '../shown/times.js';
import { states } from '../shown/words.js';

interface DeploymentTableProps {
  deployments: readonly DeploymentView[];
  withPod: boolean;
}

export function DeploymentTable({ deployments, withPod }: DeploymentTableProps) {
  return (
    <table className="grid">
      <caption>Deployments, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Update</th>
          {withPod && <th scope="col">POD</th>}
          <th scope="col">State</th>
          <th scope="col">Submitted</th>
          <th scope="col">Took</th>
          <th scope="col">Release</th>
        </tr>
      </thead>
      <tbody>
        {deployments.map((one) => (
          <tr key={one.id}>
            <td className="main-cell" data-label="Update">
              <div>
                <Link to={`/deployments/${one.id}`}>{one.label ?? one.id}</Link>
                <small>{one.failure ? one.failure.code : `by ${one.publisher}`}</small>
              </div>
            </td>
            {withPod && (
              <td data-label="POD" className="long">
                <Link to={`/pods/${one.pod}`}>{one.pod}</Link>
              </td>
            )}
            <td data-label="State">
              <Mark shown={states[one.state]} />
            </td>
            <td data-label="Submitted">
              <Ago at={one.submittedAt} />
            </td>
            <td data-label="Took" className="number">
              {one.finishedAt ? lengthOf(Date.parse(one.finishedAt) - Date.parse(one.submittedAt)) : '-'}
            </td>
            <td data-label="Release" className="number">
              {one.release ?? '-'}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
