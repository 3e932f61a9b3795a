import type { Logger } from 'pino';
import type { DeadLetters } from '@podway/messaging';
import type { Census } from '@podway/persistence';
import type { Metrics } from '@podway/telemetry';

/** Scrapes that come closer together get the same numbers. */
const KEPT_MS = 3_000;

const byPod = [
  ['podway_drifted_servers', 'drifted'],
  ['podway_quarantined_servers', 'quarantined'],
] as const;

/** Gauges of what there is, read when somebody scrapes. Every coordinator exports them, the same of each. */
export class CensusMetrics {
  private collecting: Promise<void> | undefined;
  private readAt = -Infinity;

  constructor(
    private readonly metrics: Metrics,
    private readonly take: () => Promise<Census>,
    private readonly deadLetters: Pick<DeadLetters, 'count'>,
    private readonly logger: Logger,
  ) {
    metrics.beforeScrape(() => this.collect());
  }

  private collect(): Promise<void> {
    if (performance.now() - this.readAt < KEPT_MS) return Promise.resolve();
    this.collecting ??= this.read().finally(() => (this.collecting = undefined));
    return this.collecting;
  }

  private async read(): Promise<void> {
    try {
      const [census, deadLetters] = await Promise.all([this.take(), this.deadLetters.count()]);
      this.show(census);
      this.metrics.set('podway_dead_letters', {}, deadLetters);
      this.metrics.set('podway_census_success', {}, 1);
      this.readAt = performance.now();
    } catch (error) {
      // Numbers of before would pass for those of now.
      this.forget();
      this.metrics.set('podway_census_success', {}, 0);
      this.logger.warn({ err: error }, 'what there is could not be counted for the metrics');
    }
  }

  private show(census: Census): void {
    const { metrics } = this;
    this.forget();
    metrics.set('podway_pods', {}, census.pods);
    metrics.set('podway_rollback_failed_pods', {}, census.rollbackFailed);
    metrics.set('podway_healing_stopped_pods', {}, census.healingStopped);
    for (const { state, count, ageS } of census.running) {
      metrics.set('podway_deployments_running', { state }, count);
      metrics.set('podway_deployment_state_age_seconds', { state }, ageS);
    }
    for (const { pod, count, ageS } of census.waiting) {
      metrics.set('podway_queue_depth', { pod }, count);
      metrics.set('podway_queue_oldest_seconds', { pod }, ageS);
    }
    for (const { outbox, count, ageS } of census.outboxes) {
      metrics.set('podway_outbox_messages', { outbox }, count);
      metrics.set('podway_outbox_lag_seconds', { outbox }, ageS);
    }
    for (const { finding, count } of census.servers) metrics.set('podway_servers', { finding }, count);
    for (const [name, of] of byPod)
      for (const { pod, count } of census[of]) metrics.set(name, { pod }, count);
  }

  private forget(): void {
    for (const name of shown) this.metrics.clear(name);
  }
}

const shown = [
  'podway_pods',
  'podway_rollback_failed_pods',
  'podway_healing_stopped_pods',
  'podway_deployments_running',
  'podway_deployment_state_age_seconds',
  'podway_queue_depth',
  'podway_queue_oldest_seconds',
  'podway_outbox_messages',
  'podway_outbox_lag_seconds',
  'podway_servers',
  'podway_dead_letters',
  'podway_drifted_servers',
  'podway_quarantined_servers',
] as const;
