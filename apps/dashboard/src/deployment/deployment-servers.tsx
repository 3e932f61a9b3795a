import type { DeploymentDetailView } from '@podway/contracts';
import { Fingerprint } from '../shown/fingerprint.js';
import { Mark } from '../shown/mark.js';
import { resultsShown } from '../shown/words.js';

/** The last word about each server. */
export function DeploymentServers({ deployment: { servers } }: { deployment: DeploymentDetailView }) {
  if (servers.length === 0) return null;
  return (
    <section aria-labelledby="servers-title">
      <h2 className="block-title" id="servers-title">
        Servers
      </h2>
      <table className="grid">
        <caption>Servers of this deployment</caption>
        <thead>
          <tr>
            <th scope="col">Server</th>
            <th scope="col">Result</th>
            <th scope="col">Fingerprint</th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          {servers.map(({ name, canary, result, fingerprint, code, detail }) => (
            <tr key={name}>
              <td className="main-cell" data-label="Server">
                <b>{name}</b>
                {canary ? ' (canary)' : ''}
              </td>
              <td data-label="Result">
                <Mark shown={resultsShown[result]} quiet />
              </td>
              <td data-label="Fingerprint">
                <Fingerprint value={fingerprint} />
              </td>
              <td data-label="Detail" className="long">
                {[code, detail].filter((one) => one !== undefined).join(': ') || '-'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
