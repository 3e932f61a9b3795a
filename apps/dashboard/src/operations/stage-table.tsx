import type { StageTimesView } from '@podway/contracts';
import { figOf } from '../deployment/pipeline.js';
import { Empty } from '../shown/empty.js';
import { lengthOf } from '../shown/times.js';
import { states } from '../shown/words.js';

interface StageTableProps {
  stages: readonly StageTimesView[];
  windowMs: number;
}

/** Where deployments are, and how long those of late took there. */
export function StageTable({ stages, windowMs }: StageTableProps) {
  const hours = Math.round(windowMs / 3_600_000);
  return (
    <section aria-labelledby="stages-title">
      <h2 className="block-title" id="stages-title">
        Stages
      </h2>
      {stages.length === 0 ? (
        <Empty title="No update of late">
          Nothing runs, and nothing ended within {hours} hours: publish an update, and its times stand here.
        </Empty>
      ) : (
        <table className="grid">
          <caption>Stages of deployments, now and of those that ended within {hours} hours</caption>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">FIG. 2</th>
              <th scope="col">Now in it</th>
              <th scope="col">Longest of these</th>
              <th scope="col">Left it in {hours} h</th>
              <th scope="col">Half within (p50)</th>
              <th scope="col">95 % within (p95)</th>
            </tr>
          </thead>
          <tbody>
            {stages.map((stage) => (
              <StageRow key={stage.stage} stage={stage} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function StageRow({ stage: { stage, now, oldestMs, left, p50Ms, p95Ms } }: { stage: StageTimesView }) {
  return (
    <tr>
      <td className="main-cell" data-label="Stage">
        <b>{states[stage].word}</b>
      </td>
      <td data-label="FIG. 2">{figOf(stage) ?? '-'}</td>
      <td data-label="Now in it" className="number">
        {now}
      </td>
      <td data-label="Longest of these" className="number">
        {oldestMs === undefined ? '-' : lengthOf(oldestMs)}
      </td>
      <td data-label="Left it" className="number">
        {left}
      </td>
      <td data-label="Half within (p50)" className="number">
        {p50Ms === undefined ? '-' : lengthOf(p50Ms)}
      </td>
      <td data-label="95 % within (p95)" className="number">
        {p95Ms === undefined ? '-' : lengthOf(p95Ms)}
      </td>
    </tr>
  );
}
