import { useCallback } from 'react';
import type { Envelope } from '@podway/contracts';
import type { Podway } from '@podway/sdk';
import { useStream, type Streamed } from '../shown/use-stream.js';

/** Events before now that are read at the start. */
export const BACK = 1_000;

interface EventTailOptions {
  pod: string;
  /** From before this sequence on. Default: the last. */
  at: number | undefined;
  /** How many before it. */
  back: number;
}

/** The last events and those to come. */
export function useEventTail(podway: Podway, { pod, at, back }: EventTailOptions): Streamed<Envelope> {
  const follow = useCallback(
    async function* (signal: AbortSignal): AsyncGenerator<Envelope> {
      const last = at ?? (await podway.lastSequence());
      const after = Math.max(0, last - back);
      yield* podway.events({ after, signal, ...(pod === '' ? {} : { pod }) });
    },
    [podway, pod, at, back],
  );
  return useStream(follow);
}

/** All events that there are now, of all PODs or of one, a line of JSON each. */
export async function* allEvents(podway: Podway, pod: string, signal: AbortSignal): AsyncGenerator<string> {
  const upTo = await podway.lastSequence();
  if (upTo === 0) return;
  const events = podway.events({ after: 0, upTo, signal, ...(pod === '' ? {} : { pod }) });
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}
