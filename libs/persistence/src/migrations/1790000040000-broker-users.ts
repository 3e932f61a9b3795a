import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users of the broker for client systems. */
export class BrokerUsers1790000040000 implements MigrationInterface {
  readonly name = 'BrokerUsers1790000040000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table auth.broker_users (
        name text primary key,
        client text not null,
        role text not null check (role = 'publisher'),
        pods text[],
        note text,
        created_by text not null,
        created_at timestamptz not null,
        revoked_at timestamptz
      );
      create index broker_users_of_client on auth.broker_users (client, created_at desc);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table auth.broker_users');
  }
}
