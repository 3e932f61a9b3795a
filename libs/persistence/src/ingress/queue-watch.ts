import type { DataSource, EntityManager } from 'typeorm';
import type { QueueBacklog } from '@podway/messaging';
import { waitersNow, type Waiters } from './waiters.js';

/** After so long without a look, what was seen says nothing. */
const STALE_MS = 60_000;

interface Seen {
  readonly seenAt: Date;
  readonly queues: Readonly<Record<string, readonly Waiters[]>>;
}

/**
 * How long messages wait on the queues of a broker that tells only how many they are. Kept in the database: another
 * gateway goes on where one was stopped.
 */
export class QueueWatch {
  constructor(private readonly dataSource: DataSource) {}

  /** Looks at the queues, unless somebody did so within `everyMs`. */
  async look(backlog: () => Promise<QueueBacklog[]>, everyMs: number): Promise<void> {
    const [begun]: { at: Date; due: boolean }[] = await this.dataSource.query(
      `select now() as at, not exists (
         select from ingress.queues_seen where seen_at > now() - $1 * interval '1 millisecond') as due`,
      [everyMs],
    );
    if (!begun?.due) return;
    const levels = await backlog();
    await this.dataSource.transaction((manager) => record(manager, levels, begun.at));
  }

  /** How long the oldest message of each queue has waited at most, in ms. Queues where none was seen are left out. */
  async oldest(): Promise<ReadonlyMap<string, number>> {
    const rows: { queue: string; ms: number }[] = await this.dataSource.query(
      `select queue, (extract(epoch from now() - (waiters->0->>'since')::timestamptz) * 1000)::float8 as ms
         from ingress.queues_seen, jsonb_each(queues) as each (queue, waiters)
        where seen_at > now() - $1 * interval '1 millisecond'`,
      [STALE_MS],
    );
    return new Map(rows.map(({ queue, ms }) => [queue, Math.max(0, Math.round(ms))]));
  }
}

/** `at`: when the look began. One that began earlier than what is kept is not told any more. */
async function record(manager: EntityManager, levels: readonly QueueBacklog[], at: Date): Promise<void> {
  await manager.query(
    `insert into ingress.queues_seen (seen_at, queues) values ('-infinity', '{}') on conflict do nothing`,
  );
  const [before]: Seen[] = await manager.query(
    `select nullif(seen_at, '-infinity') as "seenAt", queues from ingress.queues_seen where seen_at < $1 for update`,
    [at],
  );
  if (!before) return;
  const queues = levels.flatMap(({ queue, waiting }) => {
    const waiters = waitersNow(before.queues[queue] ?? [], waiting, before.seenAt ?? at);
    return waiters.length > 0 ? [[queue, waiters] as const] : [];
  });
  await manager.query('update ingress.queues_seen set seen_at = $1, queues = $2', [
    at,
    JSON.stringify(Object.fromEntries(queues)),
  ]);
}
