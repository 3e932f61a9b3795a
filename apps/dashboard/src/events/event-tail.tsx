import { Link, useSearchParams } from 'react-router';
import type { Envelope } from '@podway/contracts';
import { Tail } from '../shown/tail.js';
import { At } from '../shown/times.js';
import { levelTones, toldEvent } from './event-words.js';

interface EventTailProps {
  /** For screen readers. */
  label: string;
  events: readonly Envelope[];
  /** Sequence of the line that the address names. */
  at: string | null;
  /** All are of one deployment: none needs a link to it. */
  ofOne?: boolean;
}

/** Events as they happen. */
export function EventTail({ label, events, at, ofOne = false }: EventTailProps) {
  return (
    <Tail label={label} items={events} keyOf={({ sequence, id }) => sequence ?? id} at={at}>
      {(event, marked) => <Line event={event} marked={marked} ofOne={ofOne} />}
    </Tail>
  );
}

function Line({ event, marked, ofOne }: { event: Envelope; marked: boolean; ofOne: boolean }) {
  const { level, text, server } = toldEvent(event);
  const [params] = useSearchParams();
  const [, pod = ''] = event.subject?.split('/') ?? [];
  const query = new URLSearchParams(params);
  query.set('at', event.sequence ?? '');
  return (
    <div className={marked ? 'line line-marked' : 'line'}>
      <Link
        to={`?${query.toString()}`}
        preventScrollReset
        aria-label={`Link to event ${event.sequence}`}
        className="line-link mono"
      >
        {event.sequence}
      </Link>
      <At at={event.time} />
      <span className="level" data-tone={levelTones[level]}>
        {level}
      </span>
      <span>
        {!ofOne &&
          (event.deploymentid === undefined ? (
            pod
          ) : (
            <Link to={`/deployments/${event.deploymentid}`}>{pod}</Link>
          ))}{' '}
        {server}
      </span>
      <span className="what">{text}</span>
    </div>
  );
}
