import type { Envelope, ResyncNotice } from '@podway/contracts';
import { PodwayError } from '@podway/contracts/plain';
import type { Connection } from './connection.js';
import { delayMs, pause } from './retry.js';
import { UnreachableError } from './sdk.errors.js';
import { serverSentEvents, type ServerSentEvent } from './server-sent-events.js';

/** Which events, and from where on. */
export interface EventsOptions {
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
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Events are missing: what was known is to be read anew. The iteration goes on. */
  readonly onResync?: (notice: ResyncNotice) => void;
  /** The connection broke; it is made again. */
  readonly onReconnect?: (error: PodwayError) => void;
  /** A connection without a sign of life for so long is given up and made again, in milliseconds. Default 60000. */
  readonly silenceMs?: number;
}

/**
 * Events in order, without gaps or repetitions, over as many connections as it takes.
 * Ends when `signal` is aborted. Throws when the first connection cannot be made, and for a refusal.
 */
export async function* followedEvents(
  connection: Connection,
  options: EventsOptions,
): AsyncGenerator<Envelope, void, undefined> {
  const { signal } = options;
  let cursor: string | undefined;
  let waitMs = 1_000;
  let failures = 0;
  while (!signal?.aborted) {
    try {
      for await (const event of oneConnection(connection, options, cursor, failures === 0 && !cursor)) {
        failures = 0;
        cursor = event.id ?? cursor;
        waitMs = event.retryMs ?? waitMs;
        if (event.type === 'resync') options.onResync?.(JSON.parse(event.data) as ResyncNotice);
        else if (event.data !== '') yield JSON.parse(event.data) as Envelope;
        if (signal?.aborted || Number(cursor ?? 0) >= (options.upTo ?? Infinity)) return;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof PodwayError) || !error.retryable || cursor === undefined) throw error;
      options.onReconnect?.(error);
      failures += 1;
    }
    const delay = failures === 0 ? waitMs : Math.max(waitMs / 2, delayMs(failures, connection.retry));
    await pause(delay, signal).catch(() => undefined);
  }
}

/** The highest sequence that was given so far. */
export async function lastSequence(connection: Connection): Promise<number> {
  for await (const event of oneConnection(connection, {}, undefined, true)) {
    if (event.id !== undefined) return Number(event.id);
  }
  throw new UnreachableError(connection.url, new Error('the stream of events has ended before it began'));
}

async function* oneConnection(
  connection: Connection,
  options: EventsOptions,
  cursor: string | undefined,
  first: boolean,
): AsyncGenerator<ServerSentEvent> {
  // A generator that is left early must not leave its connection open.
  const left = new AbortController();
  const signals = [left.signal, options.signal].filter((one) => one !== undefined);
  const call = {
    method: 'GET' as const,
    path: '/v1/events',
    query: {
      after: options.after,
      client: options.client,
      pod: options.pod,
      deployment: options.deployment,
      type: options.types?.join(','),
    },
    headers: { accept: 'text/event-stream', ...(cursor === undefined ? {} : { 'last-event-id': cursor }) },
    unlimited: true,
    signal: AbortSignal.any(signals),
  };
  try {
    const response = first ? await connection.answer(call) : await connection.once(call);
    if (!response.body) throw new UnreachableError(connection.url, new Error('the answer is empty'));
    yield* serverSentEvents(lively(response.body, connection.url, options.silenceMs ?? 60_000));
  } finally {
    left.abort();
  }
}

/** The chunks of a body, as long as they come often enough. */
async function* lively(
  body: ReadableStream<Uint8Array>,
  url: string,
  silenceMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), silenceMs);
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw new UnreachableError(url, error);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function inTime<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no sign of life for ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
