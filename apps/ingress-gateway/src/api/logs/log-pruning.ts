import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { Logs } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { LOGGER } from '../tokens.js';

/** Removes lines of logs that were kept long enough, every now and then. */
@Injectable()
export class LogPruning implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private pruned: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly logs: Logs,
    private readonly settings: IngressGatewaySettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.pruned = this.prune().catch((error: unknown) =>
        this.logger.warn({ err: error }, 'old lines of logs could not be removed'),
      );
    }, this.settings.collectEveryMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.pruned;
  }

  prune(): Promise<number> {
    return this.logs.prune(new Date(Date.now() - this.settings.logsKeptMs));
  }
}
