import type { OperationsView } from '@podway/contracts';
import { Notice } from '../shown/notice.js';
import { lengthOf } from '../shown/times.js';

type QueueTableProps = Pick<OperationsView, 'queues' | 'outboxes'>;

/** Where messages wait: the broker's queues, and what is committed but not yet sent. */
export function QueueTable({ queues, outboxes }: QueueTableProps) {
  return (
    <section aria-labelledby="queues-title">
      <h2 className="block-title" id="queues-title">
        Queues
      </h2>
      {!queues && (
        <Notice tone="bad" title="The broker does not answer">
          What is committed waits in the outboxes below, and is sent when the broker is back.
        </Notice>
      )}
      <table className="grid">
        <caption>Queues and outboxes</caption>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col">Waiting</th>
            <th scope="col">Oldest</th>
            <th scope="col">In hand</th>
            <th scope="col">Delayed</th>
          </tr>
        </thead>
        <tbody>
          {outboxes.map(({ outbox, count, oldestMs }) => (
            <QueueRow key={outbox} name={`outbox of ${outbox}`} waiting={count} oldestMs={oldestMs} />
          ))}
          {queues?.map(({ queue, waiting, oldestMs, inHand, delayed }) => (
            <QueueRow key={queue} name={queue} {...{ waiting, oldestMs, inHand, delayed }} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface QueueRowProps {
  name: string;
  waiting: number;
  oldestMs: number | undefined;
  inHand?: number | undefined;
  delayed?: number | undefined;
}

function QueueRow({ name, waiting, oldestMs, inHand, delayed }: QueueRowProps) {
  return (
    <tr>
      <td className="main-cell mono" data-label="Queue">
        {name}
      </td>
      <td data-label="Waiting" className="number">
        {waiting}
      </td>
      <td data-label="Oldest" className="number">
        {waiting === 0 || oldestMs === undefined ? '-' : lengthOf(oldestMs)}
      </td>
      <td data-label="In hand" className="number">
        {inHand ?? '-'}
      </td>
      <td data-label="Delayed" className="number">
        {delayed ?? '-'}
      </td>
    </tr>
  );
}
