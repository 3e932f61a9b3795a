import { Button } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Envelope } from '@podway/contracts';
import { Icon } from '../shown/icon.js';
import { At } from '../shown/times.js';
import { levelTones, toldEvent } from './event-words.js';

/** So near to the end, the view goes on with it. */
const NEAR_PX = 40;

interface EventTailProps {
  events: readonly Envelope[];
  /** Sequence of the line that the address names. */
  at: string | null;
}

/** A long list that follows its end, and lets go of it when somebody scrolls up. */
export function EventTail({ events, at }: EventTailProps) {
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(at === null);
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => box.current,
    estimateSize: () => 29,
    overscan: 12,
    getItemKey: (index) => events[index]?.id ?? index,
  });
  useEffect(() => {
    if (following && events.length > 0) rows.scrollToIndex(events.length - 1, { align: 'end' });
  }, [events.length, following, rows]);
  useEffect(() => {
    const index = at === null ? -1 : events.findIndex(({ sequence }) => sequence === at);
    if (index >= 0) rows.scrollToIndex(index, { align: 'center' });
    // Once, when the line is there.
  }, [at, events.length > 0]);
  const scrolled = (): void => {
    const element = box.current;
    if (!element) return;
    setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX);
  };
  return (
    <div className="tail">
      <div
        className="log-box"
        ref={box}
        onScroll={scrolled}
        tabIndex={0}
        role="log"
        aria-label="Events"
        aria-live="off"
      >
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map(({ index, key, start }) => {
            const event = events[index];
            return (
              event && (
                <div
                  key={key}
                  data-index={index}
                  ref={rows.measureElement}
                  className="log-row"
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <Line event={event} marked={event.sequence === at} />
                </div>
              )
            );
          })}
        </div>
      </div>
      {!following && (
        <Button
          className="tail-on"
          size="xs"
          leftSection={<Icon name="down" />}
          onClick={() => setFollowing(true)}
        >
          Follow the end
        </Button>
      )}
    </div>
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
