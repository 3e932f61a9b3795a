import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which broker users may read the stream of their client's events. */
export class BrokerStreams1790000080001 implements MigrationInterface {
  readonly name = 'BrokerStreams1790000080001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table auth.broker_users add column stream boolean not null default false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table auth.broker_users drop column stream');
  }
}
