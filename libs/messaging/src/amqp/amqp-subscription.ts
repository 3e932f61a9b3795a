import { Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery, Disposition, Subscription } from '../broker.js';
import { growingDelays } from '../deadline.js';
import type { AmqpConnection } from './amqp-connection.js';
import { triesOf } from './amqp-headers.js';
import { senderOf } from './amqp-sender.js';

export interface SubscriptionSpec {
  readonly queue: string;
  readonly prefetch: number;
  readonly handler: (delivery: Delivery) => Promise<Disposition>;
  /** Podway's own user at the broker. */
  readonly own: string;
  /** Makes retry copies and dead letters safe; the original is acked after it. */
  readonly settle: (message: ConsumeMessage, disposition: Disposition) => Promise<void>;
  /** Makes the queue again when somebody has removed it. */
  readonly redeclare: () => Promise<void>;
}

const notFound = 404;

/** A consumer with a channel of its own, opened again when that is lost. */
export class AmqpSubscription implements Subscription {
  private readonly logger = new Logger('AmqpBroker');
  private readonly running = new Set<Promise<void>>();
  private channel: Channel | undefined;
  private consumerTag = '';
  private closed = false;

  constructor(
    private readonly connection: AmqpConnection,
    private readonly spec: SubscriptionSpec,
  ) {}

  /** Resolves when the broker knows the consumer. */
  async open(): Promise<void> {
    const delays = growingDelays();
    while (!this.closed) {
      try {
        await this.attempt();
        return;
      } catch (error) {
        if (this.closed) return;
        this.logger.warn(`cannot consume ${this.spec.queue} yet: ${(error as Error).message}`);
        if ((error as { code?: number }).code === notFound)
          await this.spec.redeclare().catch(() => undefined);
      }
      await sleep(delays.next().value);
    }
  }

  async close({ timeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    this.closed = true;
    const { channel } = this;
    await channel?.cancel(this.consumerTag).catch(() => undefined);
    const drained = Promise.allSettled(this.running);
    const giveUp = new AbortController();
    const late =
      timeoutMs === undefined ? [] : [sleep(timeoutMs, undefined, { signal: giveUp.signal, ref: false })];
    await Promise.race([drained, ...late]);
    giveUp.abort();
    await Promise.allSettled(late);
    await channel?.close().catch(() => undefined);
  }

  private async attempt(): Promise<void> {
    const channel = await this.connection.channel();
    if (this.closed) return void channel.close().catch(() => undefined);
    let reason = 'the connection was lost';
    channel.on('error', (error) => (reason = error.message));
    await channel.prefetch(this.spec.prefetch);
    const { consumerTag } = await channel.consume(this.spec.queue, (message) => {
      if (message) this.take(channel, message);
      else {
        reason = 'the broker cancelled the consumer';
        void channel.close().catch(() => undefined);
      }
    });
    channel.on('close', () => this.lost(channel, reason));
    this.channel = channel;
    this.consumerTag = consumerTag;
    if (this.closed) await channel.close();
  }

  private lost(channel: Channel, reason: string): void {
    if (this.closed || this.channel !== channel) return;
    this.channel = undefined;
    this.logger.warn(`consumer of ${this.spec.queue} lost: ${reason}`);
    void this.open();
  }

  private take(channel: Channel, message: ConsumeMessage): void {
    // Left to the next consumer: it goes back when the channel closes.
    if (this.closed) return;
    const work = this.handle(channel, message).finally(() => this.running.delete(work));
    this.running.add(work);
  }

  private async handle(channel: Channel, message: ConsumeMessage): Promise<void> {
    const { queue, handler, settle, own } = this.spec;
    const delivery = {
      queue,
      body: message.content,
      tries: triesOf(message, own),
      sender: senderOf(message, own),
    };
    const disposition = await Promise.resolve(delivery)
      .then(handler)
      .catch((error: unknown): Disposition => ({ kind: 'retry', reason: String(error) }));
    try {
      await settle(message, disposition);
      channel.ack(message);
    } catch (error) {
      this.logger.warn(`delivery from ${queue} comes back: ${(error as Error).message}`);
      this.putBack(channel, message);
    }
  }

  private putBack(channel: Channel, message: ConsumeMessage): void {
    try {
      channel.nack(message, false, true);
    } catch {
      // The channel is gone, and with it the broker has put back what was not acked.
    }
  }
}
