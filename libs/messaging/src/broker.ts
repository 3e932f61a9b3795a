import type { Envelope } from '@podway/contracts';
import type { ExchangeName, Topology } from './topology.js';

/** An envelope on its way: {@link routed} and {@link published} say where to. */
export interface OutgoingMessage {
  readonly exchange: ExchangeName;
  readonly routingKey: string;
  readonly envelope: Envelope;
}

/** What becomes of a delivery after its handler has ended. */
export type Disposition =
  | { readonly kind: 'ack' }
  /** Comes back after a growing delay; dead-lettered once its tries are used up. */
  | { readonly kind: 'retry'; readonly reason: string }
  /** Never worth another try. */
  | {
      readonly kind: 'dead-letter';
      readonly code: string;
      readonly reason: string;
      /** How much of the body is kept. Unset: all of it. */
      readonly keptBytes?: number;
    };

/** Who sent a message, as the broker itself vouches for it, and where an answer is awaited. */
export interface Sender {
  /** The broker's user; it has checked that. Unset: the sender did not say. */
  readonly user?: string;
  /** The exchange that it was published to. */
  readonly exchange: string;
  readonly replyTo?: string;
  readonly correlationId?: string;
}

export interface Delivery {
  readonly queue: string;
  /** Structured JSON of a CloudEvent, unless somebody else wrote into the queue. */
  readonly body: Uint8Array;
  /** 1 for the first. Counts retries asked for by a handler, not redeliveries after a crash. */
  readonly tries: number;
  /** Kept over retries and replays. Only of brokers that client systems can reach. */
  readonly sender?: Sender;
}

/** Where an answer goes. */
export interface ReplyAddress {
  /** A queue. Never RabbitMQ's direct reply-to: a forged name of that kind ends the connection of who answers. */
  readonly replyTo: string;
  readonly correlationId?: string;
}

export interface ConsumeOptions {
  /** Deliveries handled at once by this consumer. */
  readonly prefetch: number;
}

export interface Subscription {
  /**
   * Stops taking and waits for the handlers that run. When `timeoutMs` passes first, it returns all the same:
   * what is unfinished is delivered again, to whoever consumes the queue then. Default: waits without limit.
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

export interface DeadLetter {
  /** Id of the message where it has one; else empty. */
  readonly messageId: string;
  /** The queue that it died on. */
  readonly queue: string;
  /** Code of the error that ended it; `MESSAGE.TRIES_EXHAUSTED`, `MESSAGE.DELIVERY_LIMIT` or the handler's own. */
  readonly code: string;
  readonly reason: string;
  readonly tries: number;
  /** RFC 3339, UTC. */
  readonly diedAt: string;
  readonly body: Uint8Array;
}

export interface DeadLetters {
  count(): Promise<number>;
  /** Looks, oldest first of each queue; changes nothing. */
  list(limit: number): Promise<DeadLetter[]>;
  /**
   * Puts up to `limit` back into the queues that they died on, as a first try. Bounded by the count at its start:
   * what dies again while it runs is not replayed again. Resolves with how many were put back.
   */
  replay(limit?: number): Promise<number>;
}

/** What waits on one queue. */
export interface QueueBacklog {
  readonly queue: string;
  /** Messages that a consumer could have now. */
  readonly waiting: number;
  /** Messages in consumers' hands. Unset: the broker does not tell. */
  readonly inHand?: number;
  /** Messages that come back after a delay. Unset: the broker does not tell by queue. */
  readonly delayed?: number;
  /** How long the oldest of those that wait could have been had, in ms. Unset: none waits, or the broker does not tell. */
  readonly oldestMs?: number;
}

/** Carries messages between services. Adapters: `AmqpBroker` (RabbitMQ) and `PostgresBroker` (embedded). */
export interface Broker {
  /**
   * A delivery may be held this long at most, in ms; unset means without limit.
   * Who handles longer acks first and relies on the coordinator's deadline for a loss.
   */
  readonly maxHoldMs?: number;

  /** Makes what is missing of the topology; needed once before the first publish and consume. Idempotent. */
  declare(topology: Topology): Promise<void>;

  /**
   * Resolves when the broker has the message safe (RabbitMQ: publisher confirm). Waits and tries again while the
   * broker is away, so a message may arrive twice.
   * Rejects {@link UnroutableMessageError} for a command or outcome without a queue,
   * {@link NotConfirmedError} when `publishTimeoutMs` of the adapter has passed.
   */
  publish(message: OutgoingMessage): Promise<void>;

  /** Takes from a declared queue, across restarts of the broker, until closed. A handler that rejects is a retry. */
  consume(
    queue: string,
    options: ConsumeOptions,
    handler: (delivery: Delivery) => Promise<Disposition>,
  ): Promise<Subscription>;

  /**
   * Answers a client system. Resolves with true when the broker has the answer safe, with false when nobody takes it:
   * there is no such queue, or it takes nothing within `timeoutMs`. Unset: client systems cannot reach this broker.
   */
  reply?(to: ReplyAddress, envelope: Envelope, options: { timeoutMs: number }): Promise<boolean>;

  /** Of one queue, or of all that were declared. */
  deadLetters(queue?: string): DeadLetters;

  /** Whether {@link backlog} tells how long messages wait. */
  readonly tellsAges: boolean;

  /** What waits on each declared queue, in the order of the topology. */
  backlog(): Promise<QueueBacklog[]>;

  /** Connected and usable now. */
  ready(): boolean;

  /** Drains every subscription, then disconnects. */
  close(): Promise<void>;
}
