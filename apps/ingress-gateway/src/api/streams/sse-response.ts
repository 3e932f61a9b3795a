import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** How long clients wait before they connect again. */
const RECONNECT_MS = 1_000;

/** An answer that is a stream of server-sent events. Never takes more than its reader does. */
export class SseResponse {
  /** The reader has left, or the stream is to end. */
  readonly ended: AbortSignal;

  constructor(
    private readonly response: ServerResponse,
    /** Ends the stream. */
    signal: AbortSignal,
  ) {
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    this.ended = AbortSignal.any([closed.signal, signal]);
  }

  /** Begins with where the reader stands. False: only the head was asked for, and nothing more is to be sent. */
  async begin(cursor: number): Promise<boolean> {
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    if (this.response.req.method === 'HEAD') {
      this.response.end();
      return false;
    }
    // The id at once: a reader whose connection breaks before the first event knows where it stood.
    await this.send(`retry: ${RECONNECT_MS}\nid: ${cursor}\n\n`);
    return true;
  }

  async send(text: string): Promise<void> {
    if (this.ended.aborted || this.response.write(text)) return;
    await once(this.response, 'drain', { signal: this.ended }).catch(() => undefined);
  }

  end(): void {
    this.response.end();
  }
}
