import type { Channel } from 'amqplib';
import { deadLetterExchange, exchanges, type QueueSpec, type Topology } from '../topology.js';
import type { AmqpConnection } from './amqp-connection.js';

export const deadLetterQueueOf = (queue: string): string => `${queue}.dead-letters`;

/** Fanout in, one queue behind it, out to the default exchange: the routing key is the queue to come back to. */
export const delayNameOf = (delayMs: number): string => `podway.delay.${delayMs}ms`;

/** What the broker moves by itself is confirmed by the target first; this needs a queue that refuses, not drops. */
const safeDeadLettering = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' };

/** RabbitMQ 4 has a default limit; a look at dead letters must never count them away. */
const withoutLimit = { 'x-delivery-limit': 1_000_000_000 };

function assertQuorumQueue(channel: Channel, name: string, more: Record<string, unknown>): Promise<unknown> {
  return channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum', ...more } });
}

async function assertServiceQueue(
  channel: Channel,
  { name, maxBytes }: QueueSpec,
  deliveryLimit: number,
): Promise<void> {
  const limit = maxBytes === undefined ? {} : { 'x-max-length-bytes': maxBytes };
  await assertQuorumQueue(channel, deadLetterQueueOf(name), { ...withoutLimit, ...limit });
  await channel.bindQueue(deadLetterQueueOf(name), deadLetterExchange, name);
  await assertQuorumQueue(channel, name, {
    'x-delivery-limit': deliveryLimit,
    'x-dead-letter-exchange': deadLetterExchange,
    'x-dead-letter-routing-key': name,
    ...safeDeadLettering,
    ...limit,
  });
}

async function assertDelay(channel: Channel, delayMs: number): Promise<void> {
  const name = delayNameOf(delayMs);
  await channel.assertExchange(name, 'fanout', { durable: true });
  await assertQuorumQueue(channel, name, {
    'x-message-ttl': delayMs,
    'x-dead-letter-exchange': '',
    ...safeDeadLettering,
  });
  await channel.bindQueue(name, name, '');
}

/** Declares everything; what exists with the same properties is left as it is. */
export async function assertTopology(channel: Channel, topology: Topology): Promise<void> {
  await channel.assertExchange(exchanges.commands, 'direct', { durable: true });
  await channel.assertExchange(exchanges.outcomes, 'direct', { durable: true });
  await channel.assertExchange(exchanges.events, 'topic', { durable: true });
  await channel.assertExchange(deadLetterExchange, 'direct', { durable: true });
  for (const delayMs of new Set(topology.retry.delaysMs)) await assertDelay(channel, delayMs);
  for (const queue of topology.queues) {
    await assertServiceQueue(channel, queue, topology.retry.deliveryLimit);
    for (const { exchange, key } of queue.bindings) await channel.bindQueue(queue.name, exchange, key);
  }
}

/** Whether a queue of the topology is not there yet. */
export async function lacksQueues(connection: AmqpConnection, topology: Topology): Promise<boolean> {
  const channel = await connection.channel();
  try {
    for (const { name } of topology.queues) await channel.checkQueue(name);
    await channel.close();
    return false;
  } catch (error) {
    // The broker has closed the channel with its answer.
    if ((error as { code?: number }).code === 404) return true;
    throw error;
  }
}
