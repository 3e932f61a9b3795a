import type { MigrationInterface, QueryRunner } from 'typeorm';

/** PODs that take no writes for the time of a deployment, and what gateways tell of running writes. */
export class WriteFences1790000070000 implements MigrationInterface {
  readonly name = 'WriteFences1790000070000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ingress.write_fences (
        pod text primary key,
        deployment_id text not null,
        fenced_at timestamptz not null default now()
      );
      alter table ingress.gateways add column running_writes jsonb;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table ingress.gateways drop column running_writes;
      drop table ingress.write_fences;
    `);
  }
}
