import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { Envelope, ResyncNotice } from '@podway/contracts';
import type { EventFeed, EventFilter } from '@podway/persistence';

const BATCH = 200;
/** How long clients wait before they connect again. */
const RECONNECT_MS = 1_000;
const TROUBLE_WAIT_MS = 1_000;

export interface EventStreamOptions {
  readonly feed: EventFeed;
  readonly filter: EventFilter;
  readonly heartbeatMs: number;
  /** Asked with each heartbeat: a revoked key ends its streams. */
  readonly stillAllowed: () => Promise<boolean>;
  /** Reading the log failed; the stream goes on when it can be read again. */
  readonly onTrouble: (error: unknown) => void;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** One reader of the event log over server-sent events. The id of an event is its sequence. */
export class EventStream {
  private readonly ended: AbortSignal;

  constructor(
    private readonly response: ServerResponse,
    private readonly options: EventStreamOptions,
  ) {
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    this.ended = AbortSignal.any([closed.signal, options.signal]);
  }

  /**
   * Sends events until the reader leaves or the stream is ended. Never reads ahead of what the reader takes.
   * @param after last sequence that the reader has; undefined: only what comes from now on.
   */
  async run(after: number | undefined): Promise<void> {
    const start = await this.start(after);
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    // The id at once: a reader whose connection breaks before the first event knows where it stood.
    await this.send(`retry: ${RECONNECT_MS}\nid: ${start.cursor}\n\n`);
    if (start.resync) {
      const notice = JSON.stringify(start.resync);
      await this.send(`id: ${start.cursor}\nevent: resync\ndata: ${notice}\n\n`);
    }
    try {
      await this.follow(start.cursor);
    } finally {
      this.response.end();
    }
  }

  private async start(after: number | undefined): Promise<{ cursor: number; resync?: ResyncNotice }> {
    const { feed } = this.options;
    const last = await feed.last();
    if (after === undefined) return { cursor: last };
    if (after > last) {
      return { cursor: last, resync: { reason: 'cursor-ahead', continuesAfter: last } };
    }
    if (after + 1 < (await feed.oldest())) {
      return { cursor: last, resync: { reason: 'cursor-too-old', continuesAfter: last } };
    }
    return { cursor: after };
  }

  private async follow(from: number): Promise<void> {
    let cursor = from;
    let caughtUp = false;
    let heartbeatAt = Date.now() + this.options.heartbeatMs;
    const bell = new Bell(this.ended);
    const silence = this.options.feed.onMore(() => bell.ring());
    try {
      while (!this.ended.aborted) {
        const next = await this.sendAfter(cursor);
        const full = next !== undefined && next.full;
        cursor = next?.cursor ?? cursor;
        if (full) continue;
        // Says once that the past is over, also to a reader whose filter nothing of it has passed.
        if (next && !caughtUp) await this.send(`id: ${cursor}\n\n`);
        caughtUp ||= next !== undefined;
        await bell.rung(heartbeatAt - Date.now());
        if (Date.now() < heartbeatAt) continue;
        // The id moves even when no event passes the filter: a reader that comes back need not start far behind.
        await this.send(`: alive\nid: ${cursor}\n\n`);
        heartbeatAt = Date.now() + this.options.heartbeatMs;
        if (!(await this.allowed())) return;
      }
    } finally {
      silence();
    }
  }

  private async sendAfter(cursor: number): Promise<{ cursor: number; full: boolean } | undefined> {
    let last: number;
    let events: Envelope[];
    try {
      last = await this.options.feed.last();
      events = await this.options.feed.after(cursor, this.options.filter, BATCH);
    } catch (error) {
      this.options.onTrouble(error);
      await sleep(TROUBLE_WAIT_MS, undefined, { signal: this.ended }).catch(() => undefined);
      return undefined;
    }
    let reached = cursor;
    for (const event of events) {
      if (this.ended.aborted) return { cursor: reached, full: false };
      await this.send(`id: ${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`);
      reached = Number(event.sequence);
    }
    const full = events.length === BATCH;
    return { cursor: full ? reached : Math.max(reached, last), full };
  }

  private async allowed(): Promise<boolean> {
    return this.options.stillAllowed().catch((error: unknown) => {
      this.options.onTrouble(error);
      return true;
    });
  }

  private async send(text: string): Promise<void> {
    if (this.ended.aborted || this.response.write(text)) return;
    await once(this.response, 'drain', { signal: this.ended }).catch(() => undefined);
  }
}

/** Waits that end early when it is rung; a ring that nobody waits for is kept. */
class Bell {
  private wasRung = false;
  private wake: (() => void) | undefined;

  constructor(private readonly ended: AbortSignal) {
    ended.addEventListener('abort', () => this.ring(), { once: true });
  }

  ring(): void {
    this.wasRung = true;
    this.wake?.();
  }

  async rung(timeoutMs: number): Promise<void> {
    if (!this.wasRung && !this.ended.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, timeoutMs));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = undefined;
    this.wasRung = false;
  }
}
