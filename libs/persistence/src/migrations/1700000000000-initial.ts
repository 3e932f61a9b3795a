import type { MigrationInterface, QueryRunner } from 'typeorm';

const outbox = (schema: string): string => `
  create table ${schema}.outbox (
    id bigint generated always as identity primary key,
    exchange text not null,
    routing_key text not null,
    envelope jsonb not null,
    created_at timestamptz not null default now(),
    tries int not null default 0,
    next_try_at timestamptz not null default now(),
    last_error text
  );`;

/** One schema for each service that owns data; see docs/adr. */
export class Initial1700000000000 implements MigrationInterface {
  readonly name = 'Initial1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create schema if not exists coordinator;
      create schema if not exists inventory;
      create schema if not exists ingress;
      create schema if not exists auth;

      create table coordinator.deployments (
        id text primary key,
        update_id text not null,
        client text not null,
        pod text,
        state text not null,
        data jsonb not null,
        leased boolean not null default false,
        deadline timestamptz,
        version int not null default 1,
        traceparent text not null,
        submitted_at timestamptz not null,
        updated_at timestamptz not null,
        finished_at timestamptz
      );
      create unique index deployments_one_lease_a_pod on coordinator.deployments (pod) where leased;
      create index deployments_due on coordinator.deployments (deadline) where deadline is not null;
      create index deployments_waiting on coordinator.deployments (pod, submitted_at, id) where state = 'Queued';
      create index deployments_newest on coordinator.deployments (client, id desc);
      create index deployments_of_pod on coordinator.deployments (pod, id desc);

      create table coordinator.pod_counters (
        pod text primary key,
        fencing_token bigint not null default 0,
        release_number int not null default 0
      );
      create table coordinator.releases (
        pod text not null,
        number int not null,
        tree_id text not null,
        fingerprint text not null,
        artifact text,
        source_release int,
        deployment_id text not null unique,
        label text,
        publisher text not null,
        created_at timestamptz not null,
        primary key (pod, number)
      );
      create table coordinator.server_status (
        pod text not null,
        server text not null,
        release int,
        fingerprint text,
        quarantined boolean not null default false,
        reason text,
        updated_at timestamptz not null,
        primary key (pod, server)
      );
      create table coordinator.inbox (
        message_id text primary key,
        received_at timestamptz not null default now()
      );
      create index inbox_age on coordinator.inbox (received_at);
      create table coordinator.event_log (
        id bigint generated always as identity primary key,
        sequence bigint unique,
        client text not null,
        pod text,
        deployment_id text,
        type text not null,
        envelope jsonb not null,
        created_at timestamptz not null,
        published boolean not null default false
      );
      create index event_log_unpublished on coordinator.event_log (id) where not published;
      create index event_log_of_deployment on coordinator.event_log (deployment_id, sequence);

      create table inventory.pods (
        name text primary key,
        client text not null,
        revision int not null,
        hosts text[] not null default '{}',
        removed_at timestamptz
      );
      create table inventory.pod_revisions (
        pod text not null,
        revision int not null,
        spec jsonb not null,
        created_at timestamptz not null,
        created_by text not null,
        primary key (pod, revision)
      );

      create table ingress.updates (
        id text primary key,
        deployment_id text not null unique,
        client text not null,
        key_id text not null,
        pod text not null,
        source jsonb not null,
        label text,
        idempotency_key text,
        request_digest text not null,
        created_at timestamptz not null
      );
      create unique index updates_idempotency on ingress.updates (key_id, idempotency_key) where idempotency_key is not null;
      create table ingress.artifacts (
        client text not null,
        digest text not null,
        bytes bigint not null,
        manifest jsonb not null,
        created_at timestamptz not null,
        primary key (client, digest)
      );
      create table ingress.rotation_generation (
        only_row boolean primary key default true check (only_row),
        generation bigint not null
      );
      insert into ingress.rotation_generation (generation) values (1);
      create table ingress.rotation (
        pod text not null,
        server text not null,
        in_rotation boolean not null,
        changed_at timestamptz not null default now(),
        primary key (pod, server)
      );
      create table ingress.rotation_fences (
        pod text primary key,
        fencing_token bigint not null
      );
      create table ingress.gateways (
        id text primary key,
        seen_generation bigint not null,
        running jsonb not null default '{}',
        seen_at timestamptz not null
      );

      create table auth.api_keys (
        id text primary key,
        secret_digest text not null,
        client text not null,
        role text not null check (role in ('viewer', 'publisher', 'operator', 'admin')),
        note text,
        created_at timestamptz not null,
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz
      );
      ${outbox('coordinator')}
      ${outbox('ingress')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop schema coordinator, inventory, ingress, auth cascade');
  }
}
