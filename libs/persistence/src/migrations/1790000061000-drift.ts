import type { MigrationInterface, QueryRunner } from 'typeorm';
import { driftTables, tenantTable } from '../tenancy/tenant-tables.js';

/** What the last look at each server has found, and when each POD is looked at. */
export class Drift1790000061000 implements MigrationInterface {
  readonly name = 'Drift1790000061000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table coordinator.server_status
        add column finding text check (finding in ('in-sync', 'drifted', 'unreachable', 'unknown')),
        add column checked_at timestamptz,
        add column live_fingerprint text,
        add column drifted_since timestamptz,
        add column changes jsonb,
        add column code text,
        add column detail text;

      create table coordinator.drift_checks (
        pod text primary key,
        due_at timestamptz not null,
        requested text,
        requested_deep boolean not null default false,
        look_id text,
        look_deep boolean not null default false,
        look_token bigint,
        look_deadline timestamptz,
        last_look_id text,
        last_deep boolean not null default false,
        last_at timestamptz,
        heals_in_vain int not null default 0,
        stopped text
      );
      create index drift_checks_due on coordinator.drift_checks (due_at);

      ${driftTables.map(tenantTable).join('\n')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table coordinator.drift_checks;
      alter table coordinator.server_status drop column finding, drop column checked_at, drop column live_fingerprint,
        drop column drifted_since, drop column changes, drop column code, drop column detail;
    `);
  }
}
