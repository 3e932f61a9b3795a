import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Values of bundles' variables for all PODs of a client. */
export class ClientVariables1790000071000 implements MigrationInterface {
  readonly name = 'ClientVariables1790000071000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table auth.clients add column variables jsonb not null default '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table auth.clients drop column variables');
  }
}
