import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What gateways have seen to wait on a broker's queues: one row. */
export class QueuesSeen1790000120000 implements MigrationInterface {
  readonly name = 'QueuesSeen1790000120000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ingress.queues_seen (
        only_row boolean primary key default true check (only_row),
        seen_at timestamptz not null,
        queues jsonb not null
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table ingress.queues_seen;');
  }
}
