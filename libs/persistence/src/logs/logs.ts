import type { DataSource, EntityManager } from 'typeorm';
import { levelsFrom, type LogLevel } from '@podway/contracts';
import { advisoryLocks } from '../advisory-locks.js';
import { LogLineEntity } from '../entities/index.js';

export const LOGS_CHANNEL = 'podway_logs';
const PRUNED_AT_ONCE = 5_000;

/** What a log is about. */
export interface LogSubject {
  readonly deploymentId: string;
  readonly client: string;
  readonly pod: string;
}

export type NewLogLine = Omit<LogLineEntity, keyof LogSubject | 'number'>;

export interface LogFilter {
  /** Only lines above this number. */
  readonly after: number;
  readonly limit: number;
  readonly server?: string;
  readonly step?: string;
  /** Only lines that are at least as bad. */
  readonly level?: LogLevel;
  /** Only lines with this text in them, in upper or lower case. */
  readonly search?: string;
}

/** The logs of deployments: docs/adr/0022-logs.md */
export class Logs {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Adds those lines that are not there yet, in this order. One writer of a deployment at a time numbers its lines, until
   * its commit: whoever has seen number N has seen all that will ever be below it.
   */
  async append({ deploymentId, client, pod }: LogSubject, lines: readonly NewLogLine[]): Promise<void> {
    if (lines.length === 0) return;
    const column = (name: keyof NewLogLine): unknown[] => lines.map((line) => line[name]);
    await this.dataSource.transaction(async (manager) => {
      const key = [advisoryLocks.logs, deploymentId];
      await manager.query('select pg_advisory_xact_lock($1, hashtext($2))', key);
      await manager.query(INSERT, [
        ...[deploymentId, client, pod],
        ...[column('server'), column('step'), column('part'), column('run'), column('line')],
        ...[column('level'), column('text'), column('at')],
      ]);
      await notify(manager, deploymentId);
    });
  }

  /** A number for one run of something that may say other things when it is done again. */
  async nextRun(): Promise<number> {
    const [row]: { run: string }[] = await this.dataSource.query(
      `select nextval('coordinator.log_runs') as run`,
    );
    return Number(row?.run);
  }

  /** In the order of the numbers. */
  read(deploymentId: string, filter: LogFilter): Promise<LogLineEntity[]> {
    const { after, limit, server, step, level, search } = filter;
    const query = this.dataSource.manager
      .createQueryBuilder(LogLineEntity, 'l')
      .where('l.deployment_id = :deploymentId and l.number > :after', { deploymentId, after });
    if (server !== undefined) query.andWhere('l.server = :server', { server });
    if (step !== undefined) query.andWhere('l.step = :step', { step });
    if (level !== undefined) query.andWhere('l.level = any(:levels)', { levels: levelsFrom(level) });
    if (search !== undefined) query.andWhere('l.text ilike :pattern', { pattern: containing(search) });
    return query.orderBy('l.number').limit(limit).getMany();
  }

  /** The highest number of the deployment, or 0. */
  async last(deploymentId: string): Promise<number> {
    const [row]: { last: string | null }[] = await this.dataSource.query(
      'select max(number) as last from coordinator.log_lines where deployment_id = $1',
      [deploymentId],
    );
    return Number(row?.last ?? 0);
  }

  /** Removes older lines, never of a deployment that may go on. Returns how many. */
  async prune(before: Date): Promise<number> {
    for (let removed = 0; ;) {
      const [, count]: [unknown, number] = await this.dataSource.query(PRUNE, [before]);
      removed += count;
      if (count < PRUNED_AT_ONCE) return removed;
    }
  }
}

// The same line may come twice in one call, too: a step that was tried again reads a program's output anew.
const INSERT = `
  insert into coordinator.log_lines (deployment_id, number, client, pod, server, step, part, run, line, level, text, at)
  select $1, (select coalesce(max(number), 0) from coordinator.log_lines where deployment_id = $1)
             + row_number() over (order by place),
         $2, $3, server, step, part, run, line, level, text, at
    from (select distinct on (server, step, part, run, line) *
            from unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::int[], $9::text[], $10::text[], $11::timestamptz[])
                 with ordinality as given (server, step, part, run, line, level, text, at, place)
           order by server, step, part, run, line, place) as fresh
   where not exists (
     select 1 from coordinator.log_lines l where l.deployment_id = $1 and l.server = fresh.server and l.step = fresh.step
        and l.part = fresh.part and l.run = fresh.run and l.line = fresh.line)`;

// A failed roll-back is over, and keeps its lease: it may be taken up again.
const PRUNE = `
  delete from coordinator.log_lines where (deployment_id, number) in (
    select l.deployment_id, l.number from coordinator.log_lines l
     where l.at < $1 and not exists (
       select 1 from coordinator.deployments d where d.id = l.deployment_id and (d.finished_at is null or d.leased))
     limit ${PRUNED_AT_ONCE})`;

async function notify(manager: EntityManager, deploymentId: string): Promise<void> {
  await manager.query('select pg_notify($1, $2)', [LOGS_CHANNEL, deploymentId]);
}

function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
