import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantTable, waitingTables } from '../tenancy/tenant-tables.js';

/** Updates of several PODs, resources, and PODs that are paused. */
export class Waiting1790000050000 implements MigrationInterface {
  readonly name = 'Waiting1790000050000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table ingress.updates drop constraint updates_pkey;
      alter table ingress.updates drop constraint updates_deployment_id_key;
      alter table ingress.updates add primary key (deployment_id);
      alter table ingress.updates
        add column position int not null default 0,
        add column size int not null default 1,
        add column mode text check (mode in ('in-order', 'together', 'all-or-nothing')),
        add column resource text,
        add column urgent boolean not null default false;
      create unique index updates_positions on ingress.updates (id, position);
      drop index ingress.updates_idempotency;
      create unique index updates_idempotency on ingress.updates (key_id, idempotency_key)
        where idempotency_key is not null and position = 0;
      create index updates_of_pod on ingress.updates (pod, created_at);

      create table ingress.pod_pauses (
        pod text primary key,
        paused_by text not null,
        reason text,
        paused_at timestamptz not null
      );

      create table inventory.resources (
        client text not null,
        name text not null,
        pods text[] not null,
        mode text check (mode in ('in-order', 'together', 'all-or-nothing')),
        primary key (client, name)
      );

      create table coordinator.update_groups (
        id text primary key,
        mode text not null,
        size int not null,
        begun boolean not null default false,
        phase text not null default 'canaries' check (phase in ('canaries', 'released', 'confirmed', 'failed')),
        settled boolean not null default false
      );
      create index update_groups_open on coordinator.update_groups (id) where not settled;

      ${waitingTables.map(tenantTable).join('\n')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table coordinator.update_groups;
      drop table inventory.resources;
      drop table ingress.pod_pauses;
      delete from ingress.updates where position > 0;
      drop index ingress.updates_of_pod, ingress.updates_idempotency, ingress.updates_positions;
      alter table ingress.updates drop column position, drop column size, drop column mode, drop column resource,
        drop column urgent;
      alter table ingress.updates drop constraint updates_pkey;
      alter table ingress.updates add primary key (id);
      alter table ingress.updates add constraint updates_deployment_id_key unique (deployment_id);
      create unique index updates_idempotency on ingress.updates (key_id, idempotency_key) where idempotency_key is not null;
    `);
  }
}
