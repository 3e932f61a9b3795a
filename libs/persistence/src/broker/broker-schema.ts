import type { Pool } from 'pg';
import { advisoryLocks } from '../advisory-locks.js';
/**
 * Tables of the embedded broker. A row is a message on one queue; `claimed_by` is the consumer that has it in hand.
 * `deliveries` tells two claims of a row apart; `losses` counts the consumers that were lost with it.
 * Every statement may be run again.
 */
export const brokerSchema = `
create schema if not exists broker;
create table if not exists broker.message (
  id bigint generated always as identity primary key,
  queue text not null,
  message_id text not null,
  body bytea not null,
  tries integer not null default 1,
  deliveries integer not null default 0,
  losses integer not null default 0,
  visible_at timestamptz not null default now(),
  claimed_by integer
) with (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05);
create index if not exists message_waiting on broker.message (queue, id) where claimed_by is null;
create index if not exists message_claimed on broker.message (claimed_by) where claimed_by is not null;
create table if not exists broker.dead_letter (
  id bigint generated always as identity primary key,
  queue text not null,
  message_id text not null,
  body bytea not null,
  code text not null,
  reason text not null,
  tries integer not null,
  died_at timestamptz not null default now()
);
create index if not exists dead_letter_queue on broker.dead_letter (queue, id);
`;

export async function applyBrokerSchema(pool: Pool): Promise<void> {
  // Statements sent together are one transaction.
  await pool.query(`select pg_advisory_xact_lock(${advisoryLocks.brokerSchema}); ${brokerSchema}`);
}
