import type { Pool } from 'pg';
import type { DeadLetter, DeadLetters } from '@podway/messaging';
import { wakeChannel } from './life-sign.js';

interface Row extends Omit<DeadLetter, 'messageId' | 'diedAt'> {
  readonly message_id: string;
  readonly died_at: Date;
}

const chosen = '($1::text is null or queue = $1)';

/** One statement sees one state: what dies while it runs is not in it. */
const replaySql = `
with letter as materialized (
  select id from broker.dead_letter where ${chosen} order by id limit $2 for update skip locked
), taken as (
  delete from broker.dead_letter as dead using letter where dead.id = letter.id
  returning dead.id, queue, message_id, body
), put as (
  insert into broker.message (queue, message_id, body)
  select queue, message_id, body from taken order by id returning queue
)
select pg_notify('${wakeChannel}', queue) from put`;

export class PostgresDeadLetters implements DeadLetters {
  constructor(
    private readonly pool: Pool,
    private readonly queue: string | null,
  ) {}

  async count(): Promise<number> {
    const sql = `select count(*)::integer as count from broker.dead_letter where ${chosen}`;
    const { rows } = await this.pool.query<{ count: number }>(sql, [this.queue]);
    return rows[0]?.count ?? 0;
  }

  async list(limit: number): Promise<DeadLetter[]> {
    const sql = `select * from broker.dead_letter where ${chosen} order by queue, id limit $2`;
    const { rows } = await this.pool.query<Row>(sql, [this.queue, limit]);
    return rows.map(({ message_id, died_at, queue, code, reason, tries, body }) => {
      return { messageId: message_id, queue, code, reason, tries, diedAt: died_at.toISOString(), body };
    });
  }

  async replay(limit?: number): Promise<number> {
    const { rowCount } = await this.pool.query(replaySql, [this.queue, limit ?? null]);
    return rowCount ?? 0;
  }
}
