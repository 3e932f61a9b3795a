import type { EntityManager } from 'typeorm';
import type { OutgoingMessage } from '@podway/messaging';

/** Schemas that have an outbox table. */
export type OutboxOwner = 'coordinator' | 'ingress';

/** Puts messages into the owner's outbox, inside the caller's transaction. The relay sends them after the commit. */
export async function addToOutbox(
  manager: EntityManager,
  owner: OutboxOwner,
  messages: readonly OutgoingMessage[],
): Promise<void> {
  for (const message of messages) {
    await manager.query(`insert into ${owner}.outbox (exchange, routing_key, envelope) values ($1, $2, $3)`, [
      message.exchange,
      message.routingKey,
      JSON.stringify(message.envelope),
    ]);
  }
}
