import { useCallback } from 'react';
import type { Envelope } from '@podway/contracts';
import type { Podway } from '@podway/sdk';
import { useStream, type Streamed } from '../shown/use-stream.js';

/** Events before now that are read at the start. */
const BACK = 1_000;

/** The last events and those to come. `at`: from a little before this sequence on. */
export function useEventTail(podway: Podway, pod: string, at: number | undefined): Streamed<Envelope> {
  const follow = useCallback(
    async function* (signal: AbortSignal): AsyncGenerator<Envelope> {
      const last = at ?? (await podway.lastSequence());
      const after = Math.max(0, last - BACK);
      yield* podway.events({ after, signal, ...(pod === '' ? {} : { pod }) });
    },
    [podway, pod, at],
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
