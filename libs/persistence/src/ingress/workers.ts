import type { DataSource } from 'typeorm';
import type { ServiceName } from '@podway/contracts';

/** A worker that was not heard of for so long is gone. */
const GONE_MS = 60_000;

/** What a worker has to do at one moment. */
export interface WorkerLoad {
  /** Steps at work. */
  readonly running: number;
  /** Steps that it does at once, at most. */
  readonly capacity: number;
  /** Commands that run on servers over SSH. */
  readonly sshSessions: number;
}

export interface WorkerRow extends WorkerLoad {
  readonly id: string;
  readonly service: ServiceName;
  readonly host: string;
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** Signs of life of those that do steps. Nothing is decided by them: they are for people. */
export class Workers {
  constructor(private readonly dataSource: DataSource) {}

  /** The worker lives, and this is what it has to do. Forgets those that are gone. */
  async beat(
    { id, service, host }: Pick<WorkerRow, 'id' | 'service' | 'host'>,
    { running, capacity, sshSessions }: WorkerLoad,
  ): Promise<void> {
    await this.dataSource.query(
      `with gone as (
         delete from ingress.worker_status where id <> $1 and seen_at < now() - $7 * interval '1 millisecond'
       )
       insert into ingress.worker_status (id, service, host, running, capacity, ssh_sessions)
         values ($1, $2, $3, $4, $5, $6)
       on conflict (id) do update set running = $4, capacity = $5, ssh_sessions = $6, seen_at = now()`,
      [id, service, host, running, capacity, sshSessions, GONE_MS],
    );
  }

  /** A worker stops. */
  async leave(id: string): Promise<void> {
    await this.dataSource.query('delete from ingress.worker_status where id = $1', [id]);
  }

  /** Those that live, by service and age. */
  living(): Promise<WorkerRow[]> {
    return this.dataSource.query(
      `select id, service, host, running, capacity, ssh_sessions as "sshSessions",
              started_at as "startedAt", seen_at as "seenAt"
         from ingress.worker_status where seen_at > now() - $1 * interval '1 millisecond'
        order by service, started_at, id`,
      [GONE_MS],
    );
  }
}
