import { useEffect, useState } from 'react';
import type { Envelope } from '@podway/contracts';
import { EventLine } from '../events/event-line.js';
import { useSession } from '../session/session.js';
import { Problem } from '../shown/problem.js';

/** More is not kept on the page. */
const MOST = 2_000;

/** All events of a deployment, the newest last; those to come appear by themselves. */
export function Timeline({ deploymentId }: { deploymentId: string }) {
  const { podway } = useSession();
  const [events, setEvents] = useState<readonly Envelope[]>([]);
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    const over = new AbortController();
    const read = async (): Promise<void> => {
      for await (const event of podway.deployment(deploymentId).events({ signal: over.signal })) {
        setEvents((seen) => [...seen, event].slice(-MOST));
      }
    };
    setEvents([]);
    read().catch((error: unknown) => {
      if (!over.signal.aborted) setProblem(error);
    });
    return () => over.abort();
  }, [podway, deploymentId]);
  return (
    <>
      {problem !== undefined && <Problem error={problem} />}
      <div className="log-box" tabIndex={0} role="region" aria-label="Timeline">
        <ol className="log">
          {events.map((event) => (
            <EventLine key={event.id} event={event} of="deployment" />
          ))}
        </ol>
      </div>
    </>
  );
}
