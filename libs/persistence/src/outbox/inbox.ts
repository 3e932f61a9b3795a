import type { EntityManager } from 'typeorm';

/** True for the first sight of a message id. In the caller's transaction: a rollback forgets it again. */
export async function claimInInbox(manager: EntityManager, messageId: string): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    'insert into coordinator.inbox (message_id) values ($1) on conflict do nothing returning message_id',
    [messageId],
  );
  return rows.length > 0;
}

/** Forgets messages that no broker will deliver any more. */
export async function pruneInbox(manager: EntityManager, olderThanDays: number): Promise<void> {
  await manager.query(`delete from coordinator.inbox where received_at < now() - $1 * interval '1 day'`, [
    olderThanDays,
  ]);
}
