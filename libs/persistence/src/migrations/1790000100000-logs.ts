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

      -- One call from a client, so that none can fall asleep with the lock. Its statements see what was committed before
      -- each of them: the insert sees all that the writers before it have written.
      create function coordinator.append_log(
        lock_key int, of_deployment text, of_client text, of_pod text,
        servers text[], steps text[], parts text[], runs bigint[], lines int[], levels text[], texts text[], times timestamptz[]
      ) returns void language plpgsql as $append$
      begin
        perform pg_advisory_xact_lock(lock_key, hashtext(of_deployment));
        insert into coordinator.log_lines (deployment_id, number, client, pod, server, step, part, run, line, level, text, at)
        select of_deployment,
               (select coalesce(max(l.number), 0) from coordinator.log_lines l where l.deployment_id = of_deployment)
                 + row_number() over (order by fresh.place),
               of_client, of_pod, fresh.server, fresh.step, fresh.part, fresh.run, fresh.line, fresh.level, fresh.text, fresh.at
          -- The same line may come twice in one call, too: a step that was tried again reads a program's output anew.
          from (select distinct on (given.server, given.step, given.part, given.run, given.line) given.*
                  from unnest(servers, steps, parts, runs, lines, levels, texts, times)
                       with ordinality as given (server, step, part, run, line, level, text, at, place)
                 order by given.server, given.step, given.part, given.run, given.line, given.place) as fresh
         where not exists (
           select 1 from coordinator.log_lines l where l.deployment_id = of_deployment and l.server = fresh.server
              and l.step = fresh.step and l.part = fresh.part and l.run = fresh.run and l.line = fresh.line);
        if found then
          perform pg_notify('podway_logs', of_deployment);
        end if;
      end $append$;

      ${logTables.map(tenantTable).join('\n')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function coordinator.append_log;
      drop table coordinator.log_lines;
      drop sequence coordinator.log_runs;
    `);
  }
}
