import { useDocumentVisibility } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import type { Envelope } from '@podway/contracts';
import { useSession } from '../session/session.js';

export type LiveStatus = 'connecting' | 'live' | 'lost';

interface Live {
  readonly status: LiveStatus;
  /** When what is shown was last known to be so. Unset before the first answer. */
  readonly liveAt?: string;
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
  const [live, setLive] = useState<Live>({ status: 'connecting' });
  // A browser has few connections for all its tabs together: those that nobody looks at leave theirs.
  const seen = useDocumentVisibility() !== 'hidden';

  useEffect(() => {
    if (!seen) return;
    const over = new AbortController();
    const stale = new Map<string, readonly string[]>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      for (const queryKey of stale.values()) void queries.invalidateQueries({ queryKey });
      stale.clear();
    };
    const take = (event: Envelope): void => {
      for (const key of concerned(event)) stale.set(key.join(' '), key);
      timer ??= setTimeout(flush, GATHER_MS);
    };
    const connect = async (): Promise<void> => {
      // Where the stream stands tells also that it can be had, and after a break when it can be had again.
      const after = await podway.lastSequence();
      setLive({ status: 'live' });
      void queries.invalidateQueries();
      const broken = new AbortController();
      const events = podway.events({
        after,
        signal: AbortSignal.any([over.signal, broken.signal]),
        onReconnect: () => broken.abort(),
        onResync: () => void queries.invalidateQueries(),
      });
      for await (const event of events) take(event);
    };
    const follow = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await connect().catch(() => undefined);
        if (over.signal.aborted) return;
        setLive(lost);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    };
    void follow();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [podway, queries, seen]);

  return <LiveContext value={live}>{children}</LiveContext>;
}

/** From the moment on at which it broke, however often it is tried. */
function lost(before: Live): Live {
  if (before.status === 'lost') return before;
  return before.status === 'live' ? { status: 'lost', liveAt: new Date().toISOString() } : { status: 'lost' };
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
