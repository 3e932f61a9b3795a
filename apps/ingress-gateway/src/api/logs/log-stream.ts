import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { isFinished, type LogsEnd, type ShownState } from '@podway/contracts';
import { asTenant, type LogFeed, type LogFilter, type Logs, type Tenant } from '@podway/persistence';
import { Bell } from '../streams/bell.js';
import { SseResponse } from '../streams/sse-response.js';
import { logLineView } from './log-line.view.js';

const BATCH = 200;
const TROUBLE_WAIT_MS = 1_000;

/** On whose behalf the log is read; without a tenant for the hosting service. */
export interface LogSight {
  readonly tenant: Tenant | undefined;
}

export interface LogStreamOptions {
  readonly logs: Logs;
  readonly feed: LogFeed;
  readonly deploymentId: string;
  readonly filter: Omit<LogFilter, 'after' | 'limit'>;
  readonly sight: LogSight;
  /** The deployment's state now. */
  readonly state: () => Promise<ShownState | undefined>;
  readonly heartbeatMs: number;
  /** Asked with each heartbeat; undefined: the reader may not see this any more. */
  readonly renewed: () => Promise<LogSight | undefined>;
  /** Reading failed; the stream goes on when it can be read again. */
  readonly onTrouble: (error: unknown) => void;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** What one look has sent. */
interface Look {
  readonly cursor: number;
  /** There may be more at once. */
  readonly full: boolean;
  readonly state: ShownState | undefined;
}

/** One reader of a deployment's log over server-sent events. The id of an event is the number of its line. */
export class LogStream {
  private readonly sse: SseResponse;
  private sight: LogSight;

  constructor(
    response: ServerResponse,
    private readonly options: LogStreamOptions,
  ) {
    this.sight = options.sight;
    this.sse = new SseResponse(response, options.signal);
  }

  /** Sends the lines after this number until the deployment is over, the reader leaves or the stream is ended. */
  async run(after: number): Promise<void> {
    if (!(await this.sse.begin(after))) return;
    try {
      await this.follow(after);
    } finally {
      this.sse.end();
    }
  }

  private async follow(from: number): Promise<void> {
    const { deploymentId, heartbeatMs, feed } = this.options;
    let cursor = from;
    let caughtUp = false;
    let heartbeatAt = Date.now() + heartbeatMs;
    const bell = new Bell(this.sse.ended);
    const silence = feed.onMore(deploymentId, () => bell.ring());
    try {
      while (!this.sse.ended.aborted) {
        const look = await this.sendAfter(cursor);
        cursor = look?.cursor ?? cursor;
        if (look?.full && Date.now() < heartbeatAt) continue;
        if (look && !look.full) {
          if (look.state !== undefined && isFinished(look.state)) return await this.sendEnd(look.state);
          if (!caughtUp) await this.sse.send(`id: ${cursor}\n\n`);
          caughtUp = true;
          await bell.rung(heartbeatAt - Date.now());
        }
        if (Date.now() < heartbeatAt) continue;
        await this.sse.send(`: alive\nid: ${cursor}\n\n`);
        heartbeatAt = Date.now() + heartbeatMs;
        if (!(await this.allowed())) return;
      }
    } finally {
      silence();
    }
  }

  private async sendAfter(cursor: number): Promise<Look | undefined> {
    try {
      return await this.look(cursor);
    } catch (error) {
      this.options.onTrouble(error);
      await sleep(TROUBLE_WAIT_MS, undefined, { signal: this.sse.ended }).catch(() => undefined);
      return undefined;
    }
  }

  /** State, last number, lines, in this order: what was written before the deployment ended is among the lines. */
  private async look(cursor: number): Promise<Look> {
    const { logs, deploymentId, filter } = this.options;
    const { state, last, lines } = await this.asReader(async () => {
      const state = await this.options.state();
      const last = await logs.last(deploymentId);
      const after = { ...filter, after: cursor, limit: BATCH };
      return { state, last, lines: last > cursor ? await logs.read(deploymentId, after) : [] };
    });
    let reached = cursor;
    for (const line of lines) {
      if (this.sse.ended.aborted) return { cursor: reached, full: false, state: undefined };
      await this.sse.send(`id: ${line.number}\ndata: ${JSON.stringify(logLineView(line))}\n\n`);
      reached = line.number;
    }
    const full = lines.length === BATCH;
    return { cursor: full ? reached : Math.max(reached, last), full, state };
  }

  private async sendEnd(state: ShownState): Promise<void> {
    const end: LogsEnd = { state };
    await this.sse.send(`event: end\ndata: ${JSON.stringify(end)}\n\n`);
  }

  /** As the tenant that the reader is now: what it began as may have seen more. */
  private asReader<T>(read: () => Promise<T>): Promise<T> {
    const { tenant } = this.sight;
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
