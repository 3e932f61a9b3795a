import type { MigrationInterface, QueryRunner } from 'typeorm';
import { logTables, tenantTable } from '../tenancy/tenant-tables.js';

/** What installers and checks have said, line by line. */
export class Logs1790000100000 implements MigrationInterface {
  readonly name = 'Logs1790000100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table coordinator.log_lines (
        deployment_id text not null,
        number bigint not null,
        client text not null,
        pod text not null,
        server text not null,
        step text not null,
        part text not null,
        run bigint not null,
        line int not null,
        level text not null check (level in ('info', 'warning', 'error')),
        text text not null,
        at timestamptz not null,
        primary key (deployment_id, number),
        unique (deployment_id, server, step, part, run, line)
      );
      create index log_lines_oldest on coordinator.log_lines (at);
      create sequence coordinator.log_runs;

      ${logTables.map(tenantTable).join('\n')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table coordinator.log_lines; drop sequence coordinator.log_runs;');
  }
}
