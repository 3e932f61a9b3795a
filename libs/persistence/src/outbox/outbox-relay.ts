import type { DataSource } from 'typeorm';
import type { Broker, ExchangeName } from '@podway/messaging';
import type { Envelope } from '@podway/contracts';
import type { OutboxOwner } from './outbox.js';
import { Relay, type RelayTrouble } from './relay.js';

interface Row {
  id: string;
  exchange: ExchangeName;
  routing_key: string;
  envelope: Envelope;
  tries: number;
}

const BATCH = 100;

/**
 * Sends what was committed to an outbox. A row goes when the broker has confirmed its message; until then it stays,
 * so a crash in between sends it again with the same id. A message that cannot be sent waits and holds up no other.
 */
export class OutboxRelay extends Relay {
  constructor(dataSource: DataSource, owner: OutboxOwner, broker: Broker, onTrouble: RelayTrouble) {
    super(async () => {
      let sent = 0;
      let failed = 0;
      await dataSource.transaction(async (manager) => {
        const rows: Row[] = await manager.query(
          `select id, exchange, routing_key, envelope, tries from ${owner}.outbox
            where next_try_at <= now() order by id limit ${BATCH} for update skip locked`,
        );
        const outcomes = await Promise.allSettled(
          rows.map((row) =>
            broker.publish({ exchange: row.exchange, routingKey: row.routing_key, envelope: row.envelope }),
          ),
        );
        const done = rows.filter((_, index) => outcomes[index]?.status === 'fulfilled').map((row) => row.id);
        if (done.length > 0) await manager.query(`delete from ${owner}.outbox where id = any($1)`, [done]);
        for (const [index, row] of rows.entries()) {
          const outcome = outcomes[index];
          if (outcome?.status !== 'rejected') continue;
          failed += 1;
          onTrouble(outcome.reason);
          await manager.query(
            `update ${owner}.outbox set tries = tries + 1, last_error = $2,
               next_try_at = now() + least(60, power(2, least(tries, 6))) * interval '1 second' where id = $1`,
            [row.id, String(outcome.reason)],
          );
        }
        sent = done.length;
      });
      return failed === 0 && sent === BATCH;
    }, onTrouble);
  }
}
