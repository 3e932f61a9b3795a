import { QueryFailedError, type DataSource, type EntityManager } from 'typeorm';
import { PodwayError } from '@podway/contracts';

/** In milliseconds. */
export interface HoldTimes {
  /** How long one holder waits for another. */
  readonly waitMs: number;
  /** How long what a holder has looked up may be acted on: well below `idleMs`. */
  readonly lookValidMs: number;
  /** PostgreSQL ends the hold of a process that stands still for this long. */
  readonly idleMs: number;
}

const usualTimes: HoldTimes = { waitMs: 10_000, lookValidMs: 5_000, idleMs: 30_000 };

const LOCK_NOT_AVAILABLE = '55P03';

/** Another process brings the POD's balancers to its rotation, and takes long. */
export class RotationHeldError extends PodwayError {
  constructor(pod: string, cause: unknown) {
    super('ROTATION.HELD', `Another process is at the load balancers of ${pod}`, {
      retryable: true,
      details: { pod },
      cause,
    });
  }
}

/** This process stood still after it had looked: what it saw may be of the past. */
export class RotationOutdatedError extends PodwayError {
  constructor(pod: string) {
    super('ROTATION.OUTDATED', `What is known of the rotation of ${pod} is too old to act on`, {
      retryable: true,
      details: { pod },
    });
  }
}

/** A POD's rotation as the table has it, for balancers that do not read the table themselves. */
export interface HeldRotation {
  /** Servers that get no accesses: out of rotation, or quarantined. Of this moment. */
  look(): Promise<ReadonlySet<string>>;
  /**
   * To be called right before each act on a balancer.
   * @throws RotationOutdatedError when too long ago was looked: the process may have been stopped in between.
   */
  check(): void;
}

/**
 * Who may bring a POD's balancers to its rotation. A balancer outside knows no fencing token, so what is sent to it is
 * always what the table says at that moment, by one process at a time.
 */
export class RotationHold {
  constructor(
    private readonly dataSource: DataSource,
    private readonly times: HoldTimes = usualTimes,
  ) {}

  /** Servers of the POD that get no accesses: out of rotation, or quarantined. */
  out(pod: string): Promise<ReadonlySet<string>> {
    return outOf(this.dataSource.manager, pod);
  }

  /**
   * Runs `work` while no other process does it for this POD. It must be short: the lock is one of a transaction, so that
   * it ends with the process; one that is stopped loses it after {@link HoldTimes.idleMs}, and may act no more long before.
   * @throws RotationHeldError (retryable) when another one keeps it.
   */
  async exclusively<T>(pod: string, work: (held: HeldRotation) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      await this.lock(manager, pod);
      let lookedAt = -Infinity;
      return work({
        look: async () => {
          // Before the answer: it is at least as new as this.
          const askedAt = performance.now();
          const out = await outOf(manager, pod);
          lookedAt = askedAt;
          return out;
        },
        check: () => {
          if (performance.now() - lookedAt > this.times.lookValidMs) throw new RotationOutdatedError(pod);
        },
      });
    });
  }

  private async lock(manager: EntityManager, pod: string): Promise<void> {
    await manager.query(`set local lock_timeout = ${this.times.waitMs}`);
    await manager.query(`set local idle_in_transaction_session_timeout = ${this.times.idleMs}`);
    try {
      await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`rotation of ${pod}`]);
    } catch (error) {
      const code = error instanceof QueryFailedError && (error.driverError as { code?: unknown }).code;
      throw code === LOCK_NOT_AVAILABLE ? new RotationHeldError(pod, error) : error;
    }
  }
}

async function outOf(manager: EntityManager, pod: string): Promise<ReadonlySet<string>> {
  const rows: { server: string }[] = await manager.query(
    `select server from ingress.rotation where pod = $1 and not in_rotation
     union select server from coordinator.server_status where pod = $1 and quarantined`,
    [pod],
  );
  return new Set(rows.map((row) => row.server));
}
