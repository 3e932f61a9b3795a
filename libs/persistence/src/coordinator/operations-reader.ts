import type { DataSource } from 'typeorm';
import { Workers, type WorkerRow } from '../ingress/workers.js';
import { GATEWAY_GONE_MS } from '../rotation/rotation.js';
import { takeCensus, type Census } from './census.js';
import { stageTimes, type StageTimes } from './stage-times.js';

/** What the database knows of how the service fares. */
export interface Operations {
  readonly census: Census;
  readonly stages: readonly StageTimes[];
  readonly workers: readonly WorkerRow[];
  readonly gateways: number;
}

/** Reads what others wrote, for those who run the service: past the wall between tenants. */
export class OperationsReader {
  private readonly workers: Workers;

  constructor(private readonly dataSource: DataSource) {
    this.workers = new Workers(dataSource);
  }

  /** `windowMs`: how far back the times of stages go. */
  async read(windowMs: number): Promise<Operations> {
    const [census, stages, workers, gateways] = await Promise.all([
      takeCensus(this.dataSource),
      stageTimes(this.dataSource, windowMs),
      this.workers.living(),
      this.gateways(),
    ]);
    return { census, stages, workers, gateways };
  }

  private async gateways(): Promise<number> {
    const [row]: { count: number }[] = await this.dataSource.query(
      `select count(*)::int as count from ingress.gateways where seen_at > now() - $1 * interval '1 millisecond'`,
      [GATEWAY_GONE_MS],
    );
    return row?.count ?? 0;
  }
}
