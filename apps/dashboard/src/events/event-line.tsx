import { Link } from 'react-router';
import type { Envelope } from '@podway/contracts';
import { At } from '../shown/times.js';
import { levelTones, toldEvent } from './event-words.js';

interface EventLineProps {
  event: Envelope;
  /** What the list is of: a deployment's own needs no link to it. */
  of: 'deployment' | 'all';
}

export function EventLine({ event, of }: EventLineProps) {
  const { level, text, server } = toldEvent(event);
  const [, pod = ''] = event.subject?.split('/') ?? [];
  return (
    <li id={event.sequence === undefined ? undefined : `event-${event.sequence}`} data-level={level}>
      <At at={event.time} />
      <span className="level" data-tone={levelTones[level]}>
        {level}
        {server === undefined ? '' : ` ${server}`}
      </span>
      <span className="what">
        {of === 'all' && event.deploymentid !== undefined && (
          <>
            <Link to={`/deployments/${event.deploymentid}`}>{pod}</Link>{' '}
          </>
        )}
        {text}
      </span>
    </li>
  );
}
