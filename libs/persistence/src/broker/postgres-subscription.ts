import { setTimeout as sleep } from 'node:timers/promises';
import {
  growingDelays,
  retryDelayMs,
  type Delivery,
  type Disposition,
  type RetryPolicy,
  type Subscription,
} from '@podway/messaging';
import type { ClaimedMessage, MessageTable } from './message-table.js';

export interface SubscriptionSpec {
  readonly queue: string;
  readonly prefetch: number;
  readonly handler: (delivery: Delivery) => Promise<Disposition>;
  readonly retry: RetryPolicy;
  /** Its id in the table. */
  readonly consumer: number;
  readonly onTrouble: (error: unknown) => void;
  /** After close: what is left in hand goes to others. */
  readonly onClose: (subscription: PostgresSubscription) => Promise<void>;
}

/** Claims messages while it has room, and waits to be woken otherwise. */
export class PostgresSubscription implements Subscription {
  private readonly running = new Map<ClaimedMessage, Promise<void>>();
  private readonly loop: Promise<void>;
  private readonly stopped = new AbortController();
  private mayHaveMore = true;
  private givenUp = false;
  private signal: () => void = () => undefined;

  constructor(
    private readonly table: MessageTable,
    readonly spec: SubscriptionSpec,
  ) {
    this.loop = this.run();
  }

  /** Would take a message at once. */
  get hasRoom(): boolean {
    return !this.stopped.signal.aborted && this.running.size < this.spec.prefetch;
  }

  /** There may be something in the queue. */
  wake(): void {
    this.mayHaveMore = true;
    this.signal();
  }

  async close({ timeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    if (this.stopped.signal.aborted) return;
    this.stopped.abort();
    this.signal();
    await this.loop;
    const drained = Promise.allSettled(this.running.values());
    const late = new AbortController();
    const waits: Promise<unknown>[] = [drained];
    if (timeoutMs !== undefined) {
      waits.push(sleep(timeoutMs, undefined, { signal: late.signal, ref: false }).catch(() => undefined));
    }
    await Promise.race(waits);
    late.abort();
    this.givenUp = true;
    await this.spec.onClose(this);
  }

  private async run(): Promise<void> {
    const { queue, prefetch, consumer, onTrouble } = this.spec;
    let delays = growingDelays();
    while (!this.stopped.signal.aborted) {
      const room = prefetch - this.running.size;
      if (room <= 0 || !this.mayHaveMore) {
        await this.woken();
        continue;
      }
      try {
        this.mayHaveMore = false;
        const messages = await this.table.claim(queue, consumer, room);
        if (messages.length === room) this.mayHaveMore = true;
        for (const message of messages) this.start(message);
        delays = growingDelays();
      } catch (error) {
        onTrouble(error);
        await this.recover(delays.next().value);
      }
    }
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      this.signal = resolve;
    });
  }

  /** A claim whose answer was lost may have taken messages that nobody would handle. */
  private async recover(delayMs: number): Promise<void> {
    await sleep(delayMs);
    const inHand = [...this.running.keys()].map(({ id }) => id);
    const release = this.table.release(this.spec.consumer, inHand);
    await release.catch(() => undefined);
    this.mayHaveMore = true;
  }

  private start(message: ClaimedMessage): void {
    const work = this.handle(message).finally(() => {
      this.running.delete(message);
      this.signal();
    });
    this.running.set(message, work);
  }

  private async handle(message: ClaimedMessage): Promise<void> {
    // Claimed while close() was called: left to others.
    if (this.stopped.signal.aborted) return;
    const { queue, handler, retry } = this.spec;
    const disposition = await Promise.resolve({ queue, body: message.body, tries: message.tries })
      .then(handler)
      .catch((error: unknown): Disposition => ({ kind: 'retry', reason: String(error) }));
    await this.settle(message, disposition);
    if (disposition.kind === 'retry') {
      setTimeout(() => this.wake(), retryDelayMs(retry, message.tries) + 5).unref();
    }
  }

  /** Until it succeeds: a message left claimed by a living consumer would never come back. */
  private async settle(message: ClaimedMessage, disposition: Disposition): Promise<void> {
    const delays = growingDelays();
    for (;;) {
      try {
        return await this.table.settle(message, this.spec.consumer, disposition, this.spec.retry);
      } catch (error) {
        // After close others have it.
        if (this.givenUp) return;
        this.spec.onTrouble(error);
        await sleep(delays.next().value);
      }
    }
  }
}
