import type { MigrationInterface, QueryRunner } from 'typeorm';
import { releaseTables, tenantTable } from '../tenancy/tenant-tables.js';

/** What a release is, why it was made and what it changed; bad marks; comparisons of releases. */
export class Releases1790000060000 implements MigrationInterface {
  readonly name = 'Releases1790000060000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table coordinator.releases
        add column name text,
        add column version text,
        add column reason text,
        add column changes jsonb;
      alter table ingress.updates add column reason text;

      create table ingress.release_marks (
        pod text not null,
        number int not null,
        marked_by text not null,
        reason text not null,
        marked_at timestamptz not null,
        primary key (pod, number)
      );

      create table ingress.comparisons (
        id text primary key,
        pod text not null,
        asked_at timestamptz not null,
        answer jsonb,
        code text,
        detail text
      );
      create index comparisons_by_age on ingress.comparisons (asked_at);

      ${releaseTables.map(tenantTable).join('\n')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table ingress.comparisons, ingress.release_marks;
      alter table ingress.updates drop column reason;
      alter table coordinator.releases drop column name, drop column version, drop column reason, drop column changes;
    `);
  }
}
