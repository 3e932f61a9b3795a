import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { Envelope, ResyncNotice } from '@podway/contracts';
import { asTenant, type EventFeed, type EventFilter, type Tenant } from '@podway/persistence';
import { Bell } from '../streams/bell.js';
import { SseResponse } from '../streams/sse-response.js';

const BATCH = 200;
const TROUBLE_WAIT_MS = 1_000;

/** What a reader may see, and on whose behalf it is read; without a tenant for the hosting service. */
export interface Sight {
  readonly filter: EventFilter;
  readonly tenant: Tenant | undefined;
}

export interface EventStreamOptions {
  readonly feed: EventFeed;
  /** What the reader may see at first. */
  readonly sight: Sight;
  readonly heartbeatMs: number;
  /**
   * What the reader may see now; undefined: nothing any more. Asked with each heartbeat: a revoked key ends its streams,
   * a delegation that is over narrows them.
   */
  readonly renewed: () => Promise<Sight | undefined>;
  /** Reading the log failed; the stream goes on when it can be read again. */
  readonly onTrouble: (error: unknown) => void;
  /** What an event is shown as: several, one or nothing. Unset: as it is. */
  readonly shown?: ((event: Envelope) => readonly object[]) | undefined;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** One reader of the event log over server-sent events. The id of an event is its sequence. */
export class EventStream {
  private readonly sse: SseResponse;
  private sight: Sight;

  constructor(
    response: ServerResponse,
    private readonly options: EventStreamOptions,
  ) {
    this.sight = options.sight;
    this.sse = new SseResponse(response, options.signal);
  }

  /**
   * Sends events until the reader leaves or the stream is ended. Never reads ahead of what the reader takes.
   * @param after last sequence that the reader has; undefined: only what comes from now on.
   */
  async run(after: number | undefined): Promise<void> {
    const start = await this.start(after);
    if (!(await this.sse.begin(start.cursor))) return;
    if (start.resync) {
      const notice = JSON.stringify(start.resync);
      await this.sse.send(`id: ${start.cursor}\nevent: resync\ndata: ${notice}\n\n`);
    }
    try {
      await this.follow(start.cursor);
    } finally {
      this.sse.end();
    }
  }

  private async start(after: number | undefined): Promise<{ cursor: number; resync?: ResyncNotice }> {
    const { feed } = this.options;
    const last = await feed.last();
    if (after === undefined) return { cursor: last };
    if (after > last) {
      return { cursor: last, resync: { reason: 'cursor-ahead', continuesAfter: last } };
    }
    // Who has seen nothing reads on from what is there.
    if (after > 0 && after + 1 < (await feed.oldest())) {
      return { cursor: last, resync: { reason: 'cursor-too-old', continuesAfter: last } };
    }
    return { cursor: after };
  }

  private async follow(from: number): Promise<void> {
    let cursor = from;
    let caughtUp = false;
    let heartbeatAt = Date.now() + this.options.heartbeatMs;
    const bell = new Bell(this.sse.ended);
    const silence = this.options.feed.onMore(() => bell.ring());
    try {
      while (!this.sse.ended.aborted) {
        const next = await this.sendAfter(cursor);
        const full = next !== undefined && next.full;
        cursor = next?.cursor ?? cursor;
        if (full && Date.now() < heartbeatAt) continue;
        // Says once that the past is over, also to a reader whose filter nothing of it has passed.
        if (next && !full && !caughtUp) await this.sse.send(`id: ${cursor}\n\n`);
        caughtUp ||= next !== undefined && !full;
        await bell.rung(heartbeatAt - Date.now());
        if (Date.now() < heartbeatAt) continue;
        // The id moves even when no event passes the filter: a reader that comes back need not start far behind.
        await this.sse.send(`: alive\nid: ${cursor}\n\n`);
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
      events = await this.read(cursor);
    } catch (error) {
      this.options.onTrouble(error);
      await sleep(TROUBLE_WAIT_MS, undefined, { signal: this.sse.ended }).catch(() => undefined);
      return undefined;
    }
    let reached = cursor;
    for (const event of events) {
      if (this.sse.ended.aborted) return { cursor: reached, full: false };
      await this.sse.send(this.written(event));
      reached = Number(event.sequence);
    }
    const full = events.length === BATCH;
    return { cursor: full ? reached : Math.max(reached, last), full };
  }

  /** The id comes with the last of what an event makes: a reader that was cut before gets all of it again. */
  private written(event: Envelope): string {
    const made = this.options.shown?.(event) ?? [event];
    const last = made.length - 1;
    return made
      .map((one, at) => `${at === last ? `id: ${event.sequence}\n` : ''}data: ${JSON.stringify(one)}\n\n`)
      .join('');
  }

  /** As the tenant that the reader is now: what it began as may have seen less. */
  private read(cursor: number): Promise<Envelope[]> {
    const { filter, tenant } = this.sight;
    const read = (): Promise<Envelope[]> => this.options.feed.after(cursor, filter, BATCH);
    return tenant ? asTenant(tenant, read) : read();
  }

  private async allowed(): Promise<boolean> {
    try {
      const sight = await this.options.renewed();
      this.sight = sight ?? this.sight;
      return sight !== undefined;
    } catch (error) {
      this.options.onTrouble(error);
      return true;
    }
  }
}
