import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Clients as things of their own, keys for some PODs, trusts in OIDC issuers, delegations. */
export class Identities1790000010000 implements MigrationInterface {
  readonly name = 'Identities1790000010000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table auth.clients (
        name text primary key,
        note text,
        created_at timestamptz not null default now(),
        disabled_at timestamptz
      );
      insert into auth.clients (name)
        select client from inventory.pods union select client from auth.api_keys where client <> '*';

      alter table auth.api_keys
        add publisher text,
        add pods text[],
        drop constraint api_keys_role_check,
        add constraint api_keys_role_check check (role in ('viewer', 'publisher', 'approver', 'operator', 'admin'));
      create index api_keys_newest on auth.api_keys (created_at desc, id desc);

      create table auth.oidc_trusts (
        id text primary key,
        issuer text not null,
        audience text not null,
        claims jsonb not null,
        client text not null references auth.clients (name),
        role text not null check (role in ('viewer', 'publisher')),
        pods text[],
        note text,
        created_at timestamptz not null,
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz
      );
      create index oidc_trusts_of_issuer on auth.oidc_trusts (issuer) where revoked_at is null;

      create table auth.delegations (
        id text primary key,
        client text not null references auth.clients (name),
        pods text[] not null,
        to_client text references auth.clients (name),
        to_key text,
        rights text[] not null check (rights <@ array['view', 'publish', 'approve']),
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        note text,
        created_at timestamptz not null,
        revoked_at timestamptz,
        check ((to_client is null) <> (to_key is null)),
        check (ends_at > starts_at)
      );
      create index delegations_to_client on auth.delegations (to_client) where revoked_at is null;
      create index delegations_to_key on auth.delegations (to_key) where revoked_at is null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table auth.delegations, auth.oidc_trusts, auth.clients;
      delete from auth.api_keys where role = 'approver';
      drop index auth.api_keys_newest;
      alter table auth.api_keys
        drop publisher,
        drop pods,
        drop constraint api_keys_role_check,
        add constraint api_keys_role_check check (role in ('viewer', 'publisher', 'operator', 'admin'));
    `);
  }
}
