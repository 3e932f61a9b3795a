import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { EventRetention, Logs } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { LOGGER } from '../tokens.js';

/** Removes lines of logs and events that were kept long enough, every now and then. */
@Injectable()
export class Pruning implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private pruned: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly logs: Logs,
    private readonly events: EventRetention,
    private readonly settings: IngressGatewaySettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.pruned = this.prune();
    }, this.settings.collectEveryMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.pruned;
  }

  /** Never rejects: what could not be removed now is tried again later. */
  async prune(): Promise<void> {
    const { logsKeptMs, eventsKeptMs } = this.settings;
    await this.remove('lines of logs', () => this.logs.prune(before(logsKeptMs)));
    await this.remove('events', () => this.events.prune(before(eventsKeptMs)));
  }

  private async remove(what: string, prune: () => Promise<number>): Promise<void> {
    try {
      const removed = await prune();
      if (removed > 0) this.logger.info({ removed }, `old ${what} were removed`);
    } catch (error) {
      this.logger.warn({ err: error }, `old ${what} could not be removed`);
    }
  }
}

const before = (keptMs: number): Date => new Date(Date.now() - keptMs);
