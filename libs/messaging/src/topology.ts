import { allMessages, type MessageDefinition } from '@podway/contracts';

/**
 * commands and outcomes are direct, and a message without a queue is an error there;
 * events is the public topic exchange, where nobody needs to listen.
 */
export const exchanges = {
  commands: 'podway.commands',
  outcomes: 'podway.outcomes',
  events: 'podway.events',
} as const;
export type ExchangeName = (typeof exchanges)[keyof typeof exchanges];

/** Where what died is kept: one queue behind it for every service queue. */
export const deadLetterExchange = 'podway.dead-letters';

/** Everything that the coordinator listens to. */
export const outcomesQueue = 'podway.saga-coordinator.outcomes';

/** Where the updates of all clients wait for a gateway. */
export const clientUpdatesQueue = 'podway.ingress-gateway.updates';

/** Most bytes that wait there, and as many again behind it as dead letters: clients must not fill the broker's disk. */
const CLIENT_UPDATES_BYTES = 256 * 1024 * 1024;

/** The exchange that a client publishes its updates to. */
export function clientExchangeOf(client: string): string {
  return `podway.client.${client}`;
}

/** What the names of a client's own queues begin with. */
export function clientQueuePrefix(client: string): string {
  return `${clientExchangeOf(client)}.`;
}

/** The stream queue that keeps the events of a client, to be read again from any offset. */
export function clientStreamOf(client: string): string {
  return `${exchanges.events}.${client}`;
}

export interface Binding {
  readonly exchange: ExchangeName;
  /** Routing key; on the topic exchange a pattern with `*` (one word) and `#` (any number). */
  readonly key: string;
}

export interface QueueSpec {
  readonly name: string;
  readonly bindings: readonly Binding[];
  /** Most bytes: more are refused to who publishes, and of dead letters the oldest go. Unset: no limit. */
  readonly maxBytes?: number;
}

export interface RetryPolicy {
  /** Delay before the second try, the third, ...; the last one repeats. */
  readonly delaysMs: readonly number[];
  /** After this many tries a message is dead-lettered. */
  readonly maxTries: number;
  /** Safety net: deliveries that ended with a lost consumer, after which the broker itself dead-letters. */
  readonly deliveryLimit: number;
}

/** What a broker must have before the first message. */
export interface Topology {
  readonly queues: readonly QueueSpec[];
  readonly retry: RetryPolicy;
}

export const defaultRetryPolicy: RetryPolicy = {
  delaysMs: [1_000, 5_000, 30_000, 120_000],
  maxTries: 5,
  deliveryLimit: 20,
};

/** `podway.snapshotter.take-snapshot` for TakeSnapshot; the outcomes queue for every event. */
export function queueOf(definition: MessageDefinition): string {
  if (definition.kind === 'event') return outcomesQueue;
  const kebab = definition.name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  return `podway.${definition.service}.${kebab}`;
}

/** Computed from the declared messages: a queue for each command, that of the clients' updates, and the outcomes queue. */
export function podwayTopology(retry: Partial<RetryPolicy> = {}): Topology {
  const commands = allMessages().filter((message) => message.kind === 'command');
  return {
    queues: [
      ...commands
        .map(queueOf)
        .map((name) => ({ name, bindings: [{ exchange: exchanges.commands, key: name }] })),
      { name: clientUpdatesQueue, bindings: [], maxBytes: CLIENT_UPDATES_BYTES },
      { name: outcomesQueue, bindings: [{ exchange: exchanges.outcomes, key: outcomesQueue }] },
    ],
    retry: { ...defaultRetryPolicy, ...retry },
  };
}

/** The delay before the try that follows try number `tries`. */
export function retryDelayMs(policy: RetryPolicy, tries: number): number {
  return policy.delaysMs[Math.min(tries, policy.delaysMs.length) - 1] ?? 0;
}
