import type { Envelope, ResyncNotice } from '@podway/contracts';
import type { Connection } from './connection.js';
import { followedStream, oneStream, type FollowOptions, type StreamOptions } from './followed-stream.js';
import { UnreachableError } from './sdk.errors.js';

/** Which events, and from where on. */
export interface EventsOptions extends FollowOptions {
  /** Events after this sequence; 0: from the beginning. Default: what comes from now on. */
  readonly after?: number;
  /** Only of this client. */
  readonly client?: string;
  readonly pod?: string;
  /** Id of a deployment. */
  readonly deployment?: string;
  /** Ends the iteration once all events up to this sequence are through. */
  readonly upTo?: number;
  /** CloudEvents types. */
  readonly types?: readonly string[];
  /** Events are missing: what was known is to be read anew. The iteration goes on. */
  readonly onResync?: (notice: ResyncNotice) => void;
}

/**
 * Events in order, without gaps or repetitions, over as many connections as it takes.
 * Ends when `signal` is aborted. Throws when the first connection cannot be made, and for a refusal.
 */
export async function* followedEvents(
  connection: Connection,
  options: EventsOptions,
): AsyncGenerator<Envelope, void, undefined> {
  for await (const event of followedStream(connection, streamOf(options))) {
    if (event.type === 'resync') options.onResync?.(JSON.parse(event.data) as ResyncNotice);
    else if (event.data !== '') yield JSON.parse(event.data) as Envelope;
    if (Number(event.id ?? 0) >= (options.upTo ?? Infinity)) return;
  }
}

/** The highest sequence that was given so far. */
export async function lastSequence(connection: Connection): Promise<number> {
  for await (const event of oneStream(connection, streamOf({}), undefined, true)) {
    if (event.id !== undefined) return Number(event.id);
  }
  throw new UnreachableError(connection.url, new Error('the stream of events has ended before it began'));
}

function streamOf({ after, client, pod, deployment, types, ...rest }: EventsOptions): StreamOptions {
  const query = { after, client, pod, deployment, type: types?.join(',') };
  return { ...rest, path: '/v1/events', query };
}
