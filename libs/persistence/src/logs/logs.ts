import type { DataSource } from 'typeorm';
import { levelsFrom, type LogLevel } from '@podway/contracts';
import { advisoryLocks } from '../advisory-locks.js';
import { LogLineEntity } from '../entities/index.js';

/** Notified by the database, with the deployment's id, when lines were added. */
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
    await this.dataSource.query(
      'select coordinator.append_log($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
      [
        ...[advisoryLocks.logs, deploymentId, client, pod],
        ...[column('server'), column('step'), column('part'), column('run'), column('line')],
        ...[column('level'), column('text'), column('at')],
      ],
    );
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

// A failed roll-back is over, and keeps its lease: it may be taken up again.
const PRUNE = `
  delete from coordinator.log_lines where (deployment_id, number) in (
    select l.deployment_id, l.number from coordinator.log_lines l
     where l.at < $1 and not exists (
       select 1 from coordinator.deployments d where d.id = l.deployment_id and (d.finished_at is null or d.leased))
     limit ${PRUNED_AT_ONCE})`;

function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
