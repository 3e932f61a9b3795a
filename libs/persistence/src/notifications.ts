import { EventEmitter } from 'node:events';
import pg from 'pg';

/**
 * Calls back when a Postgres channel was notified, and every `pollMs` besides: notifications are lost
 * while the connection is, so a callback means "look again", never "this is new". It gets what the notification said,
 * and nothing when all may be new.
 */
export class Notifications {
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly channel: string,
    private readonly pollMs = 1_000,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.emitter.emit('look'), this.pollMs);
    void this.listen();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  /** Returns the function that ends the calls. */
  on(callback: (payload?: string) => void): () => void {
    this.emitter.on('look', callback);
    return () => this.emitter.off('look', callback);
  }

  private async listen(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client({ connectionString: this.url, keepAlive: true });
    let gone = false;
    const again = (): void => {
      if (gone) return;
      gone = true;
      client.end().catch(() => undefined);
      if (!this.closed) setTimeout(() => void this.listen(), this.pollMs).unref();
    };
    client.on('error', again);
    client.on('end', again);
    client.on('notification', ({ payload }) => this.emitter.emit('look', payload));
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(this.channel)}`);
      this.client = client;
      this.emitter.emit('look');
    } catch {
      again();
    }
  }
}
