import { useEffect, useState } from 'react';
import type { Envelope } from '@podway/contracts';
import type { Podway } from '@podway/sdk';

/** Events before now that are read at the start. */
const BACK = 1_000;
/** More is not kept on the page. */
const MOST = 20_000;
const GATHER_MS = 100;

/** The last events and those to come. `at`: from a little before this sequence on. */
export function useEventTail(
  podway: Podway,
  pod: string,
  at: number | undefined,
): { events: readonly Envelope[]; problem: unknown } {
  const [events, setEvents] = useState<readonly Envelope[]>([]);
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    const over = new AbortController();
    let batch: Envelope[] = [];
    const timer = setInterval(() => {
      if (batch.length === 0) return;
      const added = batch;
      batch = [];
      setEvents((seen) => [...seen, ...added].slice(-MOST));
    }, GATHER_MS);
    const read = async (): Promise<void> => {
      const last = at ?? (await podway.lastSequence());
      const options = {
        after: Math.max(0, last - BACK),
        signal: over.signal,
        ...(pod === '' ? {} : { pod }),
      };
      for await (const event of podway.events(options)) batch.push(event);
    };
    setEvents([]);
    setProblem(undefined);
    read().catch((error: unknown) => {
      if (!over.signal.aborted) setProblem(error);
    });
    return () => {
      over.abort();
      clearInterval(timer);
    };
  }, [podway, pod, at]);
  return { events, problem };
}
