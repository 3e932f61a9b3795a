import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Workers give signs of life; and the times of stages are read from the deployments that ended last. */
export class Workers1790000110000 implements MigrationInterface {
  readonly name = 'Workers1790000110000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ingress.worker_status (
        id text primary key,
        service text not null,
        host text not null,
        running int not null,
        capacity int not null,
        ssh_sessions int not null,
        started_at timestamptz not null default now(),
        seen_at timestamptz not null default now()
      );
      create index deployments_finished on coordinator.deployments (finished_at) where finished_at is not null;
      create index event_log_changes on coordinator.event_log (deployment_id, id)
        where type = 'io.podway.deployment.changed.v1';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index coordinator.event_log_changes;
      drop index coordinator.deployments_finished;
      drop table ingress.worker_status;
    `);
  }
}
