export interface AmqpBrokerOptions {
  /** `amqp://user:password@host:port/vhost`, or amqps. */
  readonly url: string;
  /** Shown in RabbitMQ's list of connections. Default `podway`. */
  readonly name?: string;
  /** How long `publish` waits for the confirm, a broker that is away included. Default 30 s. */
  readonly publishTimeoutMs?: number;
  /** How long `declare`, `consume` and dead letters wait for a connection. Default 60 s. */
  readonly connectTimeoutMs?: number;
  /** How long `close` waits for running handlers. Default 30 s. */
  readonly drainTimeoutMs?: number;
  /**
   * Pause after queues were made: on RabbitMQ 3.10 a quorum queue that is killed in its first second can lose what it
   * has confirmed. Default 1 s; costs nothing once the queues exist.
   */
  readonly freshQueueMs?: number;
}

export const amqpDefaults = {
  name: 'podway',
  publishTimeoutMs: 30_000,
  connectTimeoutMs: 60_000,
  drainTimeoutMs: 30_000,
  freshQueueMs: 1_000,
} as const;
