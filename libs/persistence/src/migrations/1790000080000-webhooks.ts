import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantTable, webhookTables } from '../tenancy/tenant-tables.js';

/** Webhooks: where events of a client are sent to, and what became of each. */
export class Webhooks1790000080000 implements MigrationInterface {
  readonly name = 'Webhooks1790000080000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ingress.webhooks (
        id text primary key,
        client text not null,
        url text not null,
        pods text[],
        types text[],
        format text not null check (format in ('cloudevents', 'cdevents')),
        note text,
        secret text not null,
        previous_secret text,
        previous_until timestamptz,
        state text not null check (state in ('active', 'paused', 'disabled')),
        disabled_reason text,
        sequence bigint not null,
        failures int not null default 0,
        failing_since timestamptz,
        retry_at timestamptz,
        lease text,
        leased_until timestamptz,
        turn_at timestamptz,
        created_by text not null,
        created_at timestamptz not null
      );
      create index webhooks_of_client on ingress.webhooks (client, id);
      create table ingress.webhook_deliveries (
        id text primary key,
        webhook_id text not null references ingress.webhooks (id) on delete cascade,
        client text not null,
        sequence bigint,
        event_id text not null,
        type text not null,
        tries int not null,
        status int,
        error text,
        duration_ms int not null,
        first_tried_at timestamptz not null,
        last_tried_at timestamptz not null,
        delivered_at timestamptz,
        unique (webhook_id, sequence)
      );
      create index webhook_deliveries_newest on ingress.webhook_deliveries (webhook_id, id desc);
      create index webhook_deliveries_oldest on ingress.webhook_deliveries (last_tried_at);
      create index event_log_of_client on coordinator.event_log (client, sequence);

      ${webhookTables.map(tenantTable).join('\n')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index coordinator.event_log_of_client;
      drop table ingress.webhook_deliveries;
      drop table ingress.webhooks;
    `);
  }
}
