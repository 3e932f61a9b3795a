import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Signing keys of clients, the statement kept with each signed update, and the highest sequence of each POD. */
export class SignedUpdates1790000020000 implements MigrationInterface {
  readonly name = 'SignedUpdates1790000020000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table auth.signing_keys (
        id text primary key,
        client text not null,
        public_key text not null,
        note text,
        created_at timestamptz not null,
        expires_at timestamptz,
        revoked_at timestamptz
      );
      create index signing_keys_of_client on auth.signing_keys (client, created_at);

      alter table ingress.updates add column statement jsonb, add column sequence bigint,
        add constraint updates_sequence_is_signed check ((statement is null) = (sequence is null));
      create table ingress.sequences (
        client text not null,
        pod text not null,
        sequence bigint not null,
        update_id text not null,
        raised_at timestamptz not null default now(),
        primary key (client, pod)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table auth.signing_keys;
      drop table ingress.sequences;
      alter table ingress.updates drop constraint updates_sequence_is_signed, drop column statement, drop column sequence;
    `);
  }
}
