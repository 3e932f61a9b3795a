import type { DataSource, EntityManager } from 'typeorm';
import type { Envelope } from '@podway/contracts';
import { published, type Broker } from '@podway/messaging';
import { advisoryLocks } from '../advisory-locks.js';
import { Relay, type RelayTrouble } from './relay.js';

export const EVENTS_CHANNEL = 'podway_events';
const BATCH = 200;

/** Who an event concerns: decides who may see it. */
export interface EventScope {
  client: string;
  pod?: string;
}

/** Appends to the public event log in this order, inside the caller's transaction. */
export async function appendEvents(
  manager: EntityManager,
  envelopes: readonly Envelope[],
  scope: EventScope,
): Promise<void> {
  if (envelopes.length === 0) return;
  await manager.query(
    `insert into coordinator.event_log (client, pod, deployment_id, type, envelope, created_at)
     select $1, $2, one->>'deploymentid', one->>'type', one, (one->>'time')::timestamptz
       from jsonb_array_elements($3::jsonb) with ordinality as all_of (one, place) order by place`,
    [scope.client, scope.pod ?? null, JSON.stringify(envelopes)],
  );
}

/**
 * Numbers committed events. Only here is a sequence given: the order of commits is not the order of inserts,
 * and a reader that has seen N must never find an N-1 later.
 */
export class EventNumbering extends Relay {
  constructor(dataSource: DataSource, onNumbered: () => void, onTrouble: RelayTrouble) {
    super(async () => {
      const count = await dataSource.transaction((manager) => numberEvents(manager));
      if (count > 0) onNumbered();
      return count === BATCH;
    }, onTrouble);
  }
}

async function numberEvents(manager: EntityManager): Promise<number> {
  await manager.query('select pg_advisory_xact_lock($1)', [advisoryLocks.sequence]);
  const [, count]: [unknown, number] = await manager.query(
    `with fresh as (
       select id, row_number() over (order by id) as place from coordinator.event_log
        where sequence is null order by id limit ${BATCH}
     ), highest as (select coalesce(max(sequence), 0) as top from coordinator.event_log)
     update coordinator.event_log e set sequence = highest.top + fresh.place
       from fresh, highest where e.id = fresh.id`,
  );
  if (count > 0) await manager.query('select pg_notify($1, $2)', [EVENTS_CHANNEL, '']);
  return count;
}

interface Row {
  id: string;
  sequence: string;
  envelope: Envelope;
}

/** Publishes numbered events in their order. One process at a time does, so the order holds with several too. */
export class EventPublisher extends Relay {
  constructor(dataSource: DataSource, broker: Broker, onTrouble: RelayTrouble) {
    super(async () => {
      const { count, trouble } = await dataSource.transaction((manager) => publishEvents(manager, broker));
      if (trouble !== undefined) throw trouble;
      return count === BATCH;
    }, onTrouble);
  }
}

/** What was confirmed before a trouble is not published again. */
async function publishEvents(
  manager: EntityManager,
  broker: Broker,
): Promise<{ count: number; trouble?: unknown }> {
  const [lock]: { mine: boolean }[] = await manager.query('select pg_try_advisory_xact_lock($1) as mine', [
    advisoryLocks.publishing,
  ]);
  if (!lock?.mine) return { count: 0 };
  const rows: Row[] = await manager.query(
    `select id, sequence, envelope from coordinator.event_log
      where not published and sequence is not null order by sequence limit ${BATCH}`,
  );
  const confirmed: string[] = [];
  let trouble: unknown;
  for (const { id, sequence, envelope } of rows) {
    try {
      await broker.publish(published({ ...envelope, sequence }));
      confirmed.push(id);
    } catch (error) {
      trouble = error;
      break;
    }
  }
  if (confirmed.length > 0) {
    await manager.query('update coordinator.event_log set published = true where id = any($1)', [confirmed]);
  }
  return { count: confirmed.length, trouble };
}
