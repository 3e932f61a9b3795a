import { useEffect, useState } from 'react';

/** More is not kept on the page. */
export const MOST_LINES = 20_000;
const GATHER_MS = 100;

export interface Streamed<T> {
  /** The last of them. */
  readonly items: readonly T[];
  /** Nothing more comes. */
  readonly ended: boolean;
  readonly problem: unknown;
}

const nothing: Streamed<never> = { items: [], ended: false, problem: undefined };

/** What comes, gathered, for as long as it is shown. `follow` must stay the same while it is to go on. */
export function useStream<T>(follow: (signal: AbortSignal) => AsyncIterable<T>): Streamed<T> {
  const [seen, setSeen] = useState<Streamed<T>>(nothing);
  useEffect(() => {
    const over = new AbortController();
    let batch: T[] = [];
    const flush = (): void => {
      if (batch.length === 0) return;
      const added = batch;
      batch = [];
      setSeen((before) => ({ ...before, items: [...before.items, ...added].slice(-MOST_LINES) }));
    };
    const timer = setInterval(flush, GATHER_MS);
    const read = async (): Promise<void> => {
      for await (const item of follow(over.signal)) batch.push(item);
      if (over.signal.aborted) return;
      flush();
      setSeen((before) => ({ ...before, ended: true }));
    };
    setSeen(nothing);
    read().catch((problem: unknown) => {
      if (!over.signal.aborted) setSeen((before) => ({ ...before, problem }));
    });
    return () => {
      over.abort();
      clearInterval(timer);
    };
  }, [follow]);
  return seen;
}
