import type { ConfirmChannel, Message, Options } from 'amqplib';
import { Deadline, growingDelays } from '../deadline.js';
import { BrokerClosedError, NotConfirmedError, UnroutableMessageError } from '../messaging.errors.js';
import type { Topology } from '../topology.js';
import type { AmqpConnection } from './amqp-connection.js';
import { assertTopology } from './amqp-topology.js';

export interface AmqpMessage {
  readonly exchange: string;
  readonly routingKey: string;
  /** An error when no queue takes it. */
  readonly mandatory: boolean;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly correlationId?: string;
}

export const contentType = 'application/cloudevents+json';

/** Tells a returned message from another one with the same id. */
const sequenceHeader = 'podway-sequence';

/** Publishes with confirms, on one channel, and again on the next one when that is lost. */
export class AmqpPublisher {
  private channel: Promise<ConfirmChannel> | undefined;
  private readonly returned = new Set<number>();
  private sequence = 0;
  private closed = false;

  /** Declared again on every new channel: the broker may have come back without its data. */
  topology: Topology | undefined;

  constructor(
    private readonly connection: AmqpConnection,
    private readonly timeoutMs: number,
    /** The user that it is signed in as: told with every message, so that no other can be taken for one of ours. */
    private readonly user: string,
  ) {}

  /** Resolves when the broker has the message safe. */
  async publish(message: AmqpMessage, timeoutMs = this.timeoutMs): Promise<void> {
    const deadline = new Deadline(timeoutMs);
    const late = (cause?: unknown): Error => new NotConfirmedError(message.messageId, timeoutMs, cause);
    const delays = growingDelays();
    for (;;) {
      try {
        await deadline.watch(this.attempt(message), late);
        return;
      } catch (error) {
        if (error instanceof UnroutableMessageError || error instanceof NotConfirmedError) throw error;
        if (this.closed) throw new BrokerClosedError();
        if (!(await deadline.pause(delays.next().value))) throw late(error);
      }
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    const channel = await this.channel?.catch(() => undefined);
    await channel?.close().catch(() => undefined);
  }

  private async attempt({
    exchange,
    routingKey,
    mandatory,
    body,
    messageId,
    headers,
    correlationId,
  }: AmqpMessage): Promise<void> {
    const channel = await this.opened();
    const sequence = (this.sequence += 1);
    const options: Options.Publish = {
      mandatory,
      persistent: true,
      contentType,
      messageId,
      userId: this.user,
      ...(correlationId === undefined ? {} : { correlationId }),
      headers: { ...headers, [sequenceHeader]: sequence },
    };
    await new Promise<void>((resolve, reject) => {
      const settle = (error: unknown): void => {
        if (this.returned.delete(sequence))
          reject(new UnroutableMessageError(exchange, routingKey, messageId));
        else if (error) reject(error as Error);
        else resolve();
      };
      channel.publish(exchange, routingKey, Buffer.from(body), options, settle);
    });
  }

  private opened(): Promise<ConfirmChannel> {
    if (this.closed) return Promise.reject(new BrokerClosedError());
    if (this.channel) return this.channel;
    const opening = this.open();
    this.channel = opening;
    opening.catch(() => this.forget(opening));
    return opening;
  }

  private async open(): Promise<ConfirmChannel> {
    const channel = await this.connection.confirmChannel();
    const opening = this.channel;
    channel.on('close', () => this.forget(opening));
    channel.on('return', ({ properties }: Message) => {
      this.returned.add(Number(properties.headers?.[sequenceHeader]));
    });
    if (this.topology) await assertTopology(channel, this.topology);
    return channel;
  }

  private forget(opening: Promise<ConfirmChannel> | undefined): void {
    if (this.channel === opening) this.channel = undefined;
  }
}
