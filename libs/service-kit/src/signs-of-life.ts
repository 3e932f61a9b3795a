import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ulid } from 'ulid';
import type { ServiceName } from '@podway/contracts';
import type { Workers } from '@podway/persistence';
import type { Metrics } from '@podway/telemetry';

const EVERY_MS = 3_000;
const GOODBYE_MS = 2_000;

/** Tells every few seconds that a worker lives and what it has to do: what its own gauges say. */
export class SignsOfLife {
  private readonly id = ulid();
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;

  constructor(
    private readonly service: ServiceName,
    private readonly workers: Pick<Workers, 'beat' | 'leave'>,
    private readonly metrics: Pick<Metrics, 'sum'>,
    private readonly capacity: number,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.beat();
    this.timer = setInterval(() => this.beat(), EVERY_MS).unref();
  }

  /** Says goodbye. A database that is away or hangs holds nothing up: the row is forgotten by itself. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    const late = new AbortController();
    const over = sleep(GOODBYE_MS, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([this.leave(), over]);
    late.abort();
  }

  private async leave(): Promise<void> {
    await this.beating;
    await this.workers.leave(this.id).catch(this.untold);
  }

  /** One at a time: a slow database is not asked again before it has answered. */
  private beat(): void {
    this.beating ??= this.tell()
      .catch(this.untold)
      .finally(() => (this.beating = undefined));
  }

  private async tell(): Promise<void> {
    const { metrics, capacity, service, id } = this;
    const running = await metrics.sum('podway_steps_running');
    const sshSessions = await metrics.sum('podway_host_sessions_open', { transport: 'ssh' });
    await this.workers.beat({ id, service, host: hostname() }, { running, capacity, sshSessions });
  }

  private readonly untold = (error: unknown): void =>
    this.logger.debug({ err: error }, 'a sign of life was not told');
}
