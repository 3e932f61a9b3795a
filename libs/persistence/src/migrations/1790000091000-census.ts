import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each scrape counts the deployments that are not over: few of many. */
export class Census1790000091000 implements MigrationInterface {
  readonly name = 'Census1790000091000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create index deployments_open on coordinator.deployments (state) where finished_at is null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index coordinator.deployments_open');
  }
}
