import pg from 'pg';
import { PodwayError } from '@podway/contracts';
import {
  BrokerClosedError,
  BrokerUnreachableError,
  Deadline,
  exchanges,
  growingDelays,
  NotConfirmedError,
  UnknownQueueError,
  UnroutableMessageError,
  type Broker,
  type ConsumeOptions,
  type DeadLetters,
  type Delivery,
  type Disposition,
  type OutgoingMessage,
  type QueueBacklog,
  type Subscription,
  type Topology,
} from '@podway/messaging';
import { applyBrokerSchema } from './broker-schema.js';
import { LifeSign } from './life-sign.js';
import { MessageTable } from './message-table.js';
import { mayPass } from './passing-trouble.js';
import { postgresBrokerDefaults, type PostgresBrokerOptions } from './postgres-broker.options.js';
import { PostgresDeadLetters } from './postgres-dead-letters.js';
import { PostgresSubscription } from './postgres-subscription.js';
import { queuesBoundTo } from './routes.js';

/**
 * A broker on a Postgres table, for the all-in-one and small sites. Messages of a dead process come back as soon as
 * Postgres has seen its end; a handler of a living one may take as long as it likes.
 */
export class PostgresBroker implements Broker {
  readonly tellsAges = true;

  private readonly options: PostgresBrokerOptions & typeof postgresBrokerDefaults;
  private readonly pool: pg.Pool;
  private readonly table: MessageTable;
  private readonly lifeSign: LifeSign;
  private readonly subscriptions = new Set<PostgresSubscription>();
  private topology: Topology | undefined;
  private sweeping: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: PostgresBrokerOptions) {
    this.options = { ...postgresBrokerDefaults, ...options } as typeof this.options;
    this.pool = options.pool ?? ownPool(this.options);
    this.pool.on('error', this.onTrouble);
    this.table = new MessageTable(this.pool);
    this.lifeSign = new LifeSign(this.pool, (queue) => this.wake(queue), this.onTrouble);
  }

  /** Makes the tables when they are missing. Rejects {@link BrokerUnreachableError}. */
  async declare(topology: Topology): Promise<void> {
    const late = (cause?: unknown): Error => new BrokerUnreachableError(this.options.connectTimeoutMs, cause);
    await this.persist(this.options.connectTimeoutMs, late, async () => {
      await applyBrokerSchema(this.pool);
      await this.lifeSign.open();
    });
    this.topology = topology;
    this.sweeping ??= setInterval(() => void this.sweep(), this.options.sweepMs);
    await this.sweep();
  }

  async publish({ exchange, routingKey, envelope }: OutgoingMessage): Promise<void> {
    const queues = this.topology ? queuesBoundTo(this.topology, exchange, routingKey) : [];
    if (queues.length === 0) {
      if (exchange === exchanges.events) return;
      throw new UnroutableMessageError(exchange, routingKey, envelope.id);
    }
    const body = Buffer.from(JSON.stringify(envelope));
    const { publishTimeoutMs } = this.options;
    const late = (cause?: unknown): Error => new NotConfirmedError(envelope.id, publishTimeoutMs, cause);
    const here = [...this.subscriptions].filter(({ hasRoom }) => hasRoom).map(({ spec }) => spec.queue);
    await this.persist(publishTimeoutMs, late, () => this.table.put(queues, envelope.id, body, here));
    for (const queue of queues) this.wake(queue);
  }

  async consume(
    queue: string,
    { prefetch }: ConsumeOptions,
    handler: (delivery: Delivery) => Promise<Disposition>,
  ): Promise<Subscription> {
    const { retry } = this.knowing(queue);
    const consumer = await this.lifeSign.enter();
    const subscription = new PostgresSubscription(this.table, {
      queue,
      prefetch,
      handler,
      retry,
      consumer,
      onTrouble: this.onTrouble,
      onClose: (closed) => this.forget(closed),
    });
    this.subscriptions.add(subscription);
    return subscription;
  }

  deadLetters(queue?: string): DeadLetters {
    this.knowing(queue);
    return new PostgresDeadLetters(this.pool, queue ?? null);
  }

  async backlog(): Promise<QueueBacklog[]> {
    const { queues } = this.knowing(undefined);
    return this.table.backlog(queues.map(({ name }) => name));
  }

  ready(): boolean {
    return this.topology !== undefined && this.lifeSign.held;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    const { drainTimeoutMs: timeoutMs } = this.options;
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close({ timeoutMs })));
    this.closed = true;
    clearInterval(this.sweeping);
    this.lifeSign.close();
    this.pool.removeListener('error', this.onTrouble);
    if (!this.options.pool) {
      this.pool.on('error', () => undefined);
      await this.pool.end();
    }
  }

  private readonly onTrouble = (error: unknown): void => this.options.onTrouble?.(error);

  private knowing(queue: string | undefined): Topology {
    const known = this.topology?.queues.some(({ name }) => queue === undefined || name === queue);
    if (!this.topology || !known) throw new UnknownQueueError(queue ?? '(all)');
    return this.topology;
  }

  /** Consumers of the queue, or all. */
  private wake(queue: string | undefined): void {
    for (const subscription of this.subscriptions) {
      if (queue === undefined || subscription.spec.queue === queue) subscription.wake();
    }
  }

  private async forget(subscription: PostgresSubscription): Promise<void> {
    this.subscriptions.delete(subscription);
    await this.lifeSign.leave(subscription.spec.consumer);
    await this.sweep();
  }

  private async sweep(): Promise<void> {
    if (!this.topology || !this.lifeSign.held) return;
    const { deliveryLimit } = this.topology.retry;
    const queues = [...new Set([...this.subscriptions].map(({ spec }) => spec.queue))];
    try {
      const waiting = await this.table.sweep(this.lifeSign.consumers, deliveryLimit, queues);
      for (const queue of waiting) this.wake(queue);
    } catch (error) {
      this.onTrouble(error);
    }
  }

  private async persist(timeoutMs: number, late: (cause?: unknown) => Error, work: () => Promise<void>) {
    const deadline = new Deadline(timeoutMs);
    const delays = growingDelays();
    let cause: unknown;
    for (;;) {
      if (this.closed) throw new BrokerClosedError();
      try {
        return await deadline.watch(work(), () => late(cause));
      } catch (error) {
        if (error instanceof PodwayError) throw error;
        if (!mayPass(error)) throw late(error);
        cause = error;
        this.onTrouble(error);
        if (!(await deadline.pause(delays.next().value))) throw late(cause);
      }
    }
  }
}

function ownPool({ connectionString, poolSize }: PostgresBrokerOptions): pg.Pool {
  return new pg.Pool({
    connectionString,
    max: poolSize,
    application_name: 'podway broker',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
}
