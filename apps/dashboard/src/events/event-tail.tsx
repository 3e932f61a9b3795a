import { Link, useSearchParams } from 'react-router';
import type { Envelope } from '@podway/contracts';
import { Tail } from '../shown/tail.js';
import { At } from '../shown/times.js';
import { levelTones, toldEvent } from './event-words.js';

interface EventTailProps {
  events: readonly Envelope[];
  /** Sequence of the line that the address names. */
  at: string | null;
}

/** Events as they happen. */
export function EventTail({ events, at }: EventTailProps) {
  return (
    <Tail label="Events" items={events} keyOf={({ sequence, id }) => sequence ?? id} at={at}>
      {(event, marked) => <Line event={event} marked={marked} />}
    </Tail>
  );
}

function Line({ event, marked }: { event: Envelope; marked: boolean }) {
  const { level, text, server } = toldEvent(event);
  const [params] = useSearchParams();
  const [, pod = ''] = event.subject?.split('/') ?? [];
  const query = new URLSearchParams(params);
  query.set('at', event.sequence ?? '');
  return (
    <div className={marked ? 'line line-marked' : 'line'}>
      <Link
        to={`?${query.toString()}`}
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
        {event.deploymentid === undefined ? (
          pod
        ) : (
          <Link to={`/deployments/${event.deploymentid}`}>{pod}</Link>
        )}
        {server === undefined ? '' : ` ${server}`}
      </span>
      <span className="what">{text}</span>
    </div>
  );
}
