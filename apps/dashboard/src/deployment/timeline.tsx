import { useCallback } from 'react';
import { useSearchParams } from 'react-router';
import { EventTail } from '../events/event-tail.js';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Problem } from '../shown/problem.js';
import { MOST_LINES, useStream } from '../shown/use-stream.js';
import { eventsUpTo } from './rounds.js';

interface TimelineProps {
  deploymentId: string;
  /** How often the deployment has ended by then. */
  rounds: number;
}

/** All events of a deployment, the newest last; those to come appear by themselves. */
export function Timeline({ deploymentId, rounds }: TimelineProps) {
  const { podway } = useSession();
  const [params] = useSearchParams();
  const follow = useCallback(
    (signal: AbortSignal) =>
      eventsUpTo(rounds, podway.events({ after: 0, deployment: deploymentId, signal })),
    [podway, deploymentId, rounds],
  );
  const { items, problem } = useStream(follow);
  if (rounds === 0) return <Empty title="Its events are no longer kept">What became of it is above.</Empty>;
  return (
    <>
      {problem !== undefined && <Problem error={problem} />}
      {items.length === 0 ? (
        <Empty title="Nothing has happened yet">What happens appears here by itself.</Empty>
      ) : (
        <EventTail label="Timeline" events={items} at={params.get('at')} ofOne />
      )}
      {items.length >= MOST_LINES && <p className="note">The last {MOST_LINES} events are shown.</p>}
    </>
  );
}
