import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import type { Envelope } from '@podway/contracts';
import { useSession } from '../session/session.js';

export type LiveStatus = 'connecting' | 'live' | 'lost';
type Listener = (event: Envelope) => void;

interface Live {
  readonly status: LiveStatus;
  listen(listener: Listener): () => void;
}

const LiveContext = createContext<Live | undefined>(undefined);
/** What comes in a burst is looked at once. */
const GATHER_MS = 300;
const AGAIN_MS = 3_000;
const PROGRESSED = 'io.podway.step.progressed.v1';

/** One stream of events for all views: what has changed is read anew. */
export function LiveEvents({ children }: { children: ReactNode }) {
  const { podway } = useSession();
  const queries = useQueryClient();
  const [status, setStatus] = useState<LiveStatus>('connecting');
  const listeners = useRef(new Set<Listener>());

  useEffect(() => {
    const over = new AbortController();
    const stale = new Map<string, readonly string[]>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      for (const queryKey of stale.values()) void queries.invalidateQueries({ queryKey });
      stale.clear();
    };
    const take = (event: Envelope): void => {
      setStatus('live');
      for (const listener of listeners.current) listener(event);
      for (const key of concerned(event)) stale.set(key.join(' '), key);
      timer ??= setTimeout(flush, GATHER_MS);
    };
    const follow = async (): Promise<void> => {
      while (!over.signal.aborted) {
        try {
          // Where the stream stands tells also that it can be had.
          const after = await podway.lastSequence();
          setStatus('live');
          void queries.invalidateQueries();
          const options = {
            after,
            signal: over.signal,
            onReconnect: () => setStatus('lost'),
            onResync: () => void queries.invalidateQueries(),
          };
          for await (const event of podway.events(options)) take(event);
        } catch {
          setStatus('lost');
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    };
    void follow();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [podway, queries]);

  const live = useMemo<Live>(
    () => ({
      status,
      listen(listener) {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
    }),
    [status],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('only inside LiveEvents');
  return live;
}

/** Keys of the queries whose answers are old after this event. */
function concerned({ type, deploymentid, subject }: Envelope): string[][] {
  if (type === PROGRESSED) return [];
  const pod = subject?.split('/')[1];
  return [
    ['fleet'],
    ['deployments'],
    ...(deploymentid === undefined ? [] : [['deployment', deploymentid]]),
    ...(pod === undefined ? [] : [['pod', pod]]),
  ];
}
