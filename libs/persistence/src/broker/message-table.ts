import type { Pool } from 'pg';
import type { Disposition, QueueBacklog, RetryPolicy } from '@podway/messaging';
import { retryDelayMs } from '@podway/messaging';
import { advisoryLocks } from '../advisory-locks.js';
import { wakeChannel } from './life-sign.js';

/** A message in a consumer's hand. */
export interface ClaimedMessage {
  /** Digits: a 64-bit number. */
  readonly id: string;
  readonly body: Buffer;
  readonly tries: number;
  readonly deliveries: number;
}

const publishSql = `
with put as (
  insert into broker.message (queue, message_id, body) select unnest($1::text[]), $2, $3 returning queue
)
select pg_notify('${wakeChannel}', queue) from put where queue <> all ($4::text[])`;

const claimSql = `
with next as materialized (
  select id from broker.message
  where queue = $1 and claimed_by is null and visible_at <= now()
  order by id limit $3 for update skip locked
)
update broker.message as message set claimed_by = $2, deliveries = message.deliveries + 1
from next where message.id = next.id
returning message.id, message.body, message.tries, message.deliveries`;

const mine = 'id = $1 and claimed_by = $2 and deliveries = $3';

const ackSql = `delete from broker.message where ${mine}`;

const retrySql = `
update broker.message
set claimed_by = null, losses = 0, tries = tries + 1, visible_at = now() + $4::integer * interval '1 millisecond'
where ${mine}`;

const buried = `insert into broker.dead_letter (queue, message_id, body, tries, code, reason)
select queue, message_id, body, tries`;

const burySql = `
with dead as (delete from broker.message where ${mine} returning queue, message_id, body, tries)
${buried}, $4, $5 from dead`;

const releaseSql = `
update broker.message set claimed_by = null where claimed_by = $1 and id <> all ($2::bigint[])`;

/** Takes back what lost consumers had in hand. $1: consumers of this process, which live whatever the locks say. */
const reapSql = `
update broker.message set claimed_by = null, losses = losses + 1
where claimed_by is not null and claimed_by <> all ($1::integer[]) and claimed_by not in (
  select objid::bigint from pg_locks
  where locktype = 'advisory' and classid = ${advisoryLocks.lifeSigns} and objsubid = 2
  and database = (select oid from pg_database where datname = current_database())
)`;

const limitSql = `
with dead as (
  delete from broker.message where claimed_by is null and losses > $1 returning queue, message_id, body, tries
)
${buried}, 'MESSAGE.DELIVERY_LIMIT', 'Its consumers were lost again and again' from dead`;

const waitingSql = `
select name from unnest($1::text[]) as name where exists (
  select from broker.message where queue = name and claimed_by is null and visible_at <= now()
)`;

/** When a message could be had is when it was put there, or when the delay of its last try was over. */
const backlogSql = `
select name as queue, (count(id) filter (where ready))::integer as waiting,
       count(claimed_by)::integer as "inHand",
       (count(id) filter (where claimed_by is null and not ready))::integer as delayed,
       round(extract(epoch from now() - min(visible_at) filter (where ready)) * 1000)::float8 as "oldestMs"
from unnest($1::text[]) with ordinality as named (name, place)
left join (select *, claimed_by is null and visible_at <= now() as ready from broker.message) as message
  on message.queue = name
group by name, place order by place`;

/** The statements of the embedded broker. */
export class MessageTable {
  constructor(private readonly pool: Pool) {}

  /** `awake`: queues whose consumers need no notification. */
  async put(
    queues: readonly string[],
    messageId: string,
    body: Buffer,
    awake: readonly string[],
  ): Promise<void> {
    await this.pool.query({
      name: 'podway-publish',
      text: publishSql,
      values: [queues, messageId, body, awake],
    });
  }

  /** Oldest first. */
  async claim(queue: string, consumer: number, limit: number): Promise<ClaimedMessage[]> {
    const values = [queue, consumer, limit];
    const { rows } = await this.pool.query<ClaimedMessage>({ name: 'podway-claim', text: claimSql, values });
    return rows.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }

  /** Does nothing when the message was taken from this consumer meanwhile. */
  async settle(
    { id, deliveries, tries }: ClaimedMessage,
    consumer: number,
    disposition: Disposition,
    policy: RetryPolicy,
  ): Promise<void> {
    const key = [id, consumer, deliveries];
    if (disposition.kind === 'ack') {
      await this.pool.query({ name: 'podway-ack', text: ackSql, values: key });
    } else if (disposition.kind === 'retry' && tries < policy.maxTries) {
      await this.pool.query(retrySql, [...key, retryDelayMs(policy, tries)]);
    } else {
      const code = disposition.kind === 'retry' ? 'MESSAGE.TRIES_EXHAUSTED' : disposition.code;
      await this.pool.query(burySql, [...key, code, disposition.reason]);
    }
  }

  /** Gives back what the consumer has claimed, except for these. */
  async release(consumer: number, exceptIds: readonly string[]): Promise<void> {
    await this.pool.query(releaseSql, [consumer, exceptIds]);
  }

  async backlog(queues: readonly string[]): Promise<QueueBacklog[]> {
    type Row = Omit<QueueBacklog, 'oldestMs'> & { oldestMs: number | null };
    const { rows } = await this.pool.query<Row>(backlogSql, [queues]);
    return rows.map(({ oldestMs, ...row }) => ({ ...row, ...(oldestMs === null ? {} : { oldestMs }) }));
  }

  /** Frees what dead consumers held, buries what killed too many. Resolves with the queues that have work. */
  async sweep(
    living: readonly number[],
    deliveryLimit: number,
    queues: readonly string[],
  ): Promise<string[]> {
    const { rowCount } = await this.pool.query(reapSql, [living]);
    if (rowCount) await this.pool.query(limitSql, [deliveryLimit]);
    const { rows } = await this.pool.query<{ name: string }>(waitingSql, [queues]);
    return rows.map(({ name }) => name);
  }
}
