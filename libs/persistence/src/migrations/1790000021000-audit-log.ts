import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A log that is only appended to, each record chained to the one before. docs/operating.md has how it is checked. */
export class AuditLog1790000021000 implements MigrationInterface {
  readonly name = 'AuditLog1790000021000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table auth.audit_log (
        seq bigint primary key,
        time timestamptz not null,
        actor text not null,
        client text not null,
        action text not null,
        subject text not null,
        outcome text not null check (outcome in ('accepted', 'repeated', 'refused', 'failed')),
        detail jsonb not null,
        previous_hash text not null,
        hash text not null unique
      );
      create index audit_log_of_client on auth.audit_log (client, seq);
      create index audit_log_of_action on auth.audit_log (action, seq);

      create function auth.refuse_change_of_audit_log() returns trigger language plpgsql as $$
        begin
          raise exception 'auth.audit_log is only appended to' using errcode = 'insufficient_privilege';
        end $$;
      create trigger audit_log_is_kept before update or delete on auth.audit_log
        for each row execute function auth.refuse_change_of_audit_log();
      create trigger audit_log_is_not_emptied before truncate on auth.audit_log
        for each statement execute function auth.refuse_change_of_audit_log();

      create view auth.audit_records as
        select seq, jsonb_build_object('seq', seq, 'time',
            to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'actor', actor, 'client', client,
            'action', action, 'subject', subject, 'outcome', outcome, 'detail', detail,
            'previousHash', previous_hash, 'hash', hash) as record
          from auth.audit_log;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop view auth.audit_records;
      drop table auth.audit_log;
      drop function auth.refuse_change_of_audit_log;
    `);
  }
}
