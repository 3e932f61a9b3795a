import { PodwayError } from '@podway/contracts/plain';
import type { Call, Connection } from './connection.js';
import { delayMs, pause } from './retry.js';
import { UnreachableError } from './sdk.errors.js';
import { serverSentEvents, type ServerSentEvent } from './server-sent-events.js';

/** How a stream is followed. */
export interface FollowOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** The connection broke; it is made again. */
  readonly onReconnect?: (error: PodwayError) => void;
  /** A connection without a sign of life for so long is given up and made again, in milliseconds. Default 60000. */
  readonly silenceMs?: number;
}

/** One stream of server-sent events of the API. */
export interface StreamOptions extends FollowOptions {
  readonly path: string;
  readonly query: Call['query'];
}

/**
 * A stream's events over as many connections as it takes, each from where the one before stood. Their ids go on over
 * connections, too. Ends when `signal` is aborted. Throws when the first connection cannot be made, and for a refusal.
 */
export async function* followedStream(
  connection: Connection,
  options: StreamOptions,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const { signal } = options;
  let cursor: string | undefined;
  let waitMs = 1_000;
  let failures = 0;
  while (!signal?.aborted) {
    try {
      for await (const event of oneStream(connection, options, cursor, failures === 0 && !cursor)) {
        failures = 0;
        cursor = event.id ?? cursor;
        waitMs = event.retryMs ?? waitMs;
        yield cursor === undefined ? event : { ...event, id: cursor };
        if (signal?.aborted) return;
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

/** The events of one connection. */
export async function* oneStream(
  connection: Connection,
  { path, query, signal, silenceMs }: StreamOptions,
  cursor: string | undefined,
  first: boolean,
): AsyncGenerator<ServerSentEvent> {
  // A generator that is left early must not leave its connection open.
  const left = new AbortController();
  const signals = [left.signal, signal].filter((one) => one !== undefined);
  const call = {
    ...{ method: 'GET' as const, path, query, unlimited: true },
    headers: { accept: 'text/event-stream', ...(cursor === undefined ? {} : { 'last-event-id': cursor }) },
    signal: AbortSignal.any(signals),
  };
  try {
    const response = first ? await connection.answer(call) : await connection.once(call);
    if (!response.body) throw new UnreachableError(connection.url, new Error('the answer is empty'));
    yield* serverSentEvents(lively(response.body, connection.url, silenceMs ?? 60_000));
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
