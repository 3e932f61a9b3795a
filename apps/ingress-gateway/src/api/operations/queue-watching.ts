import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Broker, QueueBacklog } from '@podway/messaging';
import { QueueWatch } from '@podway/persistence';
import { BROKER, LOGGER } from '../tokens.js';

const EVERY_MS = 5_000;

/** Looks at the queues of a broker that does not tell how long messages wait: one gateway at a time, every few seconds. */
@Injectable()
export class QueueWatching implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    @Inject(BROKER) private readonly broker: Broker,
    private readonly watch: QueueWatch,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.broker.tellsAges) return;
    this.look();
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  /** Waits for no look: a broker that is away holds nothing up. */
  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** What waits on each queue, with how long it has waited at most where only the watch can tell. */
  async backlog(): Promise<QueueBacklog[]> {
    const levels = await this.broker.backlog();
    if (this.broker.tellsAges) return levels;
    const oldest = await this.watch.oldest();
    return levels.map((level) => {
      const oldestMs = oldest.get(level.queue);
      return level.waiting === 0 || oldestMs === undefined ? level : { ...level, oldestMs };
    });
  }

  /** One at a time: a slow broker is not asked again before it has answered. */
  private look(): void {
    this.looking ??= this.watch
      .look(() => this.broker.backlog(), EVERY_MS / 2)
      .catch((error: unknown) => this.logger.debug({ err: error }, 'the queues could not be looked at'))
      .finally(() => (this.looking = undefined));
  }
}
