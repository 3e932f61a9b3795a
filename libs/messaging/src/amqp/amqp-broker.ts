import type { Channel, ConsumeMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Broker,
  ConsumeOptions,
  DeadLetters,
  Delivery,
  Disposition,
  OutgoingMessage,
  QueueBacklog,
  ReplyAddress,
  Subscription,
} from '../broker.js';
import type { Envelope } from '@podway/contracts';
import { Deadline, growingDelays } from '../deadline.js';
import {
  BrokerClosedError,
  BrokerUnreachableError,
  TopologyConflictError,
  UnknownQueueError,
} from '../messaging.errors.js';
import { deadLetterExchange, exchanges, retryDelayMs, type Topology } from '../topology.js';
import { amqpDefaults, type AmqpBrokerOptions } from './amqp-broker.options.js';
import { AmqpConnection } from './amqp-connection.js';
import { AmqpDeadLetters } from './amqp-dead-letters.js';
import { deathHeaders, messageIdOf, triesHeader, triesOf } from './amqp-headers.js';
import { AmqpPublisher } from './amqp-publisher.js';
import { answered } from './amqp-replies.js';
import { senderHeaders, senderOf, userIn } from './amqp-sender.js';
import { AmqpSubscription } from './amqp-subscription.js';
import { assertTopology, delayNameOf, lacksQueues } from './amqp-topology.js';

const conflict = 406;

/**
 * RabbitMQ 3.10 or later, over two connections: when the broker blocks publishers for want of disk or memory, acks
 * still go through. Connects at the first use.
 */
export class AmqpBroker implements Broker {
  /** RabbitMQ ends a consumer that holds a delivery for 30 minutes. */
  readonly maxHoldMs = 20 * 60_000;
  readonly tellsAges = false;

  private readonly options: Required<AmqpBrokerOptions>;
  private readonly outgoing: AmqpConnection;
  private readonly incoming: AmqpConnection;
  private readonly publisher: AmqpPublisher;
  /** Podway's own user: what it has sent itself can be told from what a client has. */
  private readonly user: string;
  private readonly subscriptions = new Set<AmqpSubscription>();
  private topology: Topology | undefined;

  constructor(options: AmqpBrokerOptions) {
    this.options = { ...amqpDefaults, ...options };
    this.outgoing = new AmqpConnection(options.url, `${this.options.name} publisher`);
    this.incoming = new AmqpConnection(options.url, `${this.options.name} consumer`);
    this.user = userIn(options.url);
    this.publisher = new AmqpPublisher(this.outgoing, this.options.publishTimeoutMs, this.user);
  }

  /** Rejects {@link BrokerUnreachableError} and {@link TopologyConflictError}. */
  async declare(topology: Topology): Promise<void> {
    const fresh = await this.persist(async () => {
      const lacking = await lacksQueues(this.incoming, topology);
      const channel = await this.incoming.channel();
      await assertTopology(channel, topology);
      await channel.close();
      await (await this.outgoing.channel()).close();
      return lacking;
    });
    this.topology = topology;
    this.publisher.topology = topology;
    if (fresh) await sleep(this.options.freshQueueMs);
  }

  publish({ exchange, routingKey, envelope }: OutgoingMessage): Promise<void> {
    return this.publisher.publish({
      exchange,
      routingKey,
      mandatory: exchange !== exchanges.events,
      body: Buffer.from(JSON.stringify(envelope)),
      messageId: envelope.id,
      headers: {},
    });
  }

  async consume(
    queue: string,
    { prefetch }: ConsumeOptions,
    handler: (delivery: Delivery) => Promise<Disposition>,
  ): Promise<Subscription> {
    const topology = this.knowing(queue);
    const subscription = new AmqpSubscription(this.incoming, {
      queue,
      prefetch,
      handler,
      own: this.user,
      settle: (message, disposition) => this.settle(topology, queue, message, disposition),
      redeclare: () => this.declare(topology),
    });
    this.subscriptions.add(subscription);
    const deadline = new Deadline(this.options.connectTimeoutMs);
    try {
      await deadline.watch(subscription.open(), () => new BrokerUnreachableError(deadline.timeoutMs));
    } catch (error) {
      await subscription.close();
      throw error;
    }
    return subscription;
  }

  reply(to: ReplyAddress, envelope: Envelope, { timeoutMs }: { timeoutMs: number }): Promise<boolean> {
    const message = {
      exchange: '',
      routingKey: to.replyTo,
      mandatory: true,
      body: Buffer.from(JSON.stringify(envelope)),
      messageId: envelope.id,
      headers: {},
      ...(to.correlationId === undefined ? {} : { correlationId: to.correlationId }),
    };
    return answered(this.publisher.publish(message, timeoutMs));
  }

  deadLetters(queue?: string): DeadLetters {
    const { queues } = this.knowing(queue);
    const names = queue === undefined ? queues.map(({ name }) => name) : [queue];
    return new AmqpDeadLetters(names, (use) => this.withChannel(use), this.publisher, this.user);
  }

  /** RabbitMQ tells neither what is in consumers' hands nor how old a message is, without its management part. */
  backlog(): Promise<QueueBacklog[]> {
    const { queues } = this.knowing(undefined);
    return this.withChannel(async (channel) => {
      const found: QueueBacklog[] = [];
      for (const { name: queue } of queues) {
        found.push({ queue, waiting: (await channel.checkQueue(queue)).messageCount });
      }
      return found;
    });
  }

  ready(): boolean {
    return this.topology !== undefined && this.incoming.connected && this.outgoing.connected;
  }

  async close(): Promise<void> {
    const timeoutMs = this.options.drainTimeoutMs;
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close({ timeoutMs })));
    await this.publisher.close();
    await this.outgoing.close();
    await this.incoming.close();
  }

  private knowing(queue: string | undefined): Topology {
    const known = this.topology?.queues.some(({ name }) => queue === undefined || name === queue);
    if (!this.topology || !known) throw new UnknownQueueError(queue ?? '(all)');
    return this.topology;
  }

  /** A copy is confirmed before the original is acked: better twice than lost. */
  private async settle(
    { retry }: Topology,
    queue: string,
    message: ConsumeMessage,
    disposition: Disposition,
  ): Promise<void> {
    if (disposition.kind === 'ack') return;
    const tries = triesOf(message, this.user);
    const sender = senderHeaders(senderOf(message, this.user));
    const copy = { body: message.content, messageId: messageIdOf(message), mandatory: true };
    if (disposition.kind === 'retry' && tries < retry.maxTries) {
      const delay = delayNameOf(retryDelayMs(retry, tries));
      await this.publisher.publish({
        ...copy,
        exchange: delay,
        routingKey: queue,
        headers: { ...sender, ...triesHeader(tries + 1) },
      });
      return;
    }
    const code = disposition.kind === 'retry' ? 'MESSAGE.TRIES_EXHAUSTED' : disposition.code;
    const headers = { ...sender, ...deathHeaders({ code, reason: disposition.reason, tries }) };
    const kept = disposition.kind === 'dead-letter' ? disposition.keptBytes : undefined;
    const body = message.content.subarray(0, kept);
    await this.publisher.publish({ ...copy, body, exchange: deadLetterExchange, routingKey: queue, headers });
  }

  private async withChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.persist(() => this.incoming.channel());
    try {
      return await use(channel);
    } finally {
      await channel.close().catch(() => undefined);
    }
  }

  /** Again until it succeeds or the time is up; a broker that comes up late is not an error. */
  private async persist<T>(work: () => Promise<T>): Promise<T> {
    const deadline = new Deadline(this.options.connectTimeoutMs);
    const delays = growingDelays();
    for (;;) {
      try {
        return await deadline.watch(work(), () => new BrokerUnreachableError(deadline.timeoutMs));
      } catch (error) {
        if ((error as { code?: number }).code === conflict) throw new TopologyConflictError(error);
        if (error instanceof BrokerUnreachableError || error instanceof BrokerClosedError) throw error;
        if (!(await deadline.pause(delays.next().value)))
          throw new BrokerUnreachableError(deadline.timeoutMs, error);
      }
    }
  }
}
