import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Uploads that are under way, what artifacts are made of, quotas and their use. */
export class Uploads1790000030000 implements MigrationInterface {
  readonly name = 'Uploads1790000030000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table ingress.artifacts
        add column stored_at timestamptz,
        add column claims int not null default 0,
        add column last_used_at timestamptz not null default now();
      update ingress.artifacts set stored_at = created_at;
      create index artifacts_of_digest on ingress.artifacts (digest);
      create index artifacts_last_used on ingress.artifacts (last_used_at);

      create index deployments_waiting_of_client on coordinator.deployments (client)
        where state in ('Authenticating', 'Resolving', 'Queued');
      create index deployments_of_update on coordinator.deployments (update_id);
      create index updates_of_client on ingress.updates (client, created_at);

      create table ingress.artifact_files (
        client text not null,
        sha256 text not null,
        bytes bigint not null,
        artifact text not null,
        path text not null,
        primary key (client, sha256)
      );
      create index artifact_files_of_artifact on ingress.artifact_files (client, artifact);

      create table ingress.uploads (
        id text primary key,
        kind text not null check (kind in ('resumable', 'difference')),
        client text not null,
        pod text not null,
        key_id text not null,
        bytes bigint not null,
        entries jsonb,
        artifact text,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        lease_holder text,
        lease_until timestamptz,
        release_asked boolean not null default false
      );
      create index uploads_of_client on ingress.uploads (client) where artifact is null;
      create index uploads_expired on ingress.uploads (expires_at);

      create table ingress.quotas (
        client text primary key,
        bytes bigint,
        artifacts bigint,
        files bigint,
        requests_per_minute int,
        open_uploads bigint,
        waiting_updates bigint
      );
      create table ingress.quota_use (
        client text primary key,
        tokens double precision,
        refilled_at timestamptz
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table ingress.quota_use, ingress.quotas, ingress.uploads, ingress.artifact_files;
      drop index ingress.artifacts_of_digest, ingress.artifacts_last_used, ingress.updates_of_client,
        coordinator.deployments_waiting_of_client, coordinator.deployments_of_update;
      alter table ingress.artifacts drop column stored_at, drop column claims, drop column last_used_at;
    `);
  }
}
