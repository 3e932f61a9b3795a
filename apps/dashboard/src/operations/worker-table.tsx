import type { WorkerView } from '@podway/contracts';
import { Empty } from '../shown/empty.js';
import { Mark } from '../shown/mark.js';
import { Ago } from '../shown/times.js';
import type { Shown } from '../shown/words.js';

/** It tells every few seconds that it lives. */
const SILENT_MS = 15_000;

interface WorkerTableProps {
  workers: readonly WorkerView[];
  /** The moment that they are told of, by the server's clock. */
  at: string;
}

/** Those that do steps: who is busy and who is idle. */
export function WorkerTable({ workers, at }: WorkerTableProps) {
  return (
    <section aria-labelledby="workers-title">
      <h2 className="block-title" id="workers-title">
        Workers
      </h2>
      {workers.length === 0 ? (
        <Empty title="No worker lives">
          No step can be done. Look whether the services run, and whether they reach the database.
        </Empty>
      ) : (
        <table className="grid">
          <caption>Workers that gave a sign of life within a minute</caption>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Machine</th>
              <th scope="col">State</th>
              <th scope="col">Steps at work</th>
              <th scope="col">SSH sessions</th>
              <th scope="col">Started</th>
              <th scope="col">Last sign of life</th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <WorkerRow key={worker.id} worker={worker} at={at} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function WorkerRow({ worker, at }: { worker: WorkerView; at: string }) {
  const { service, host, running, capacity, sshSessions, startedAt, seenAt } = worker;
  return (
    <tr>
      <td className="main-cell" data-label="Service">
        <b>{service}</b>
      </td>
      <td data-label="Machine">{host}</td>
      <td data-label="State">
        <Mark shown={workerShown(worker, Date.parse(at))} quiet />
      </td>
      <td data-label="Steps at work" className="number">
        {running} of {capacity}
      </td>
      <td data-label="SSH sessions" className="number">
        {sshSessions}
      </td>
      <td data-label="Started">
        <Ago at={startedAt} />
      </td>
      <td data-label="Last sign of life">
        <Ago at={seenAt} />
      </td>
    </tr>
  );
}

/** How a worker is at a moment. */
export function workerShown({ running, capacity, seenAt }: WorkerView, atMs: number): Shown {
  if (atMs - Date.parse(seenAt) > SILENT_MS) return { word: 'Silent', icon: 'alert', tone: 'bad' };
  if (running >= capacity) return { word: 'Full', icon: 'busy', tone: 'warn' };
  return running > 0
    ? { word: 'Busy', icon: 'busy', tone: 'busy' }
    : { word: 'Idle', icon: 'check', tone: 'quiet' };
}
