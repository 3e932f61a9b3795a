import type { ProbeEvidence } from '@podway/contracts';
import { Mark } from '../shown/mark.js';
import { lengthOf } from '../shown/times.js';
import { verdictsShown } from '../shown/words.js';

/** What the probes saw, failures first. */
export function Evidence({ evidence }: { evidence: readonly ProbeEvidence[] }) {
  if (evidence.length === 0) return null;
  const ordered = [...evidence].sort(
    (a, b) => Number(a.verdict === 'passed') - Number(b.verdict === 'passed'),
  );
  return (
    <section aria-labelledby="evidence-title">
      <h2 className="block-title" id="evidence-title">
        Probes
      </h2>
      <table className="grid">
        <caption>What the probes saw</caption>
        <thead>
          <tr>
            <th scope="col">Probe</th>
            <th scope="col">Verdict</th>
            <th scope="col">Server</th>
            <th scope="col">Seen</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {ordered.map((one, n) => (
            <tr key={n}>
              <td className="main-cell" data-label="Probe">
                {one.probe}
              </td>
              <td data-label="Verdict">
                <Mark shown={verdictsShown[one.verdict]} quiet />
              </td>
              <td data-label="Server">{one.server}</td>
              <td data-label="Seen" className="long">
                {one.detail}
              </td>
              <td data-label="Took" className="number">
                {lengthOf(one.durationMs)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
