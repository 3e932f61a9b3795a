import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Envelope } from '@podway/contracts';
import { EventFeed, Relay, WebhookQueue, type LeasedWebhook } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { LOGGER } from '../tokens.js';
import { cdEventSources } from '../events/cd-events.js';
import { outgoingEvent } from './outgoing-event.js';
import { WebhookSender } from './webhook-sender.js';

/** Events that are read at once. */
const BATCH = 20;
/** After so long a webhook that takes all it gets makes place for others. */
const TURN_MS = 5_000;
/** One client's share of what is sent at once: its slow receivers leave places to others. */
const SHARE = 4;
const LEAST_LEASE_MS = 30_000;

/**
 * Sends the events of the log to webhooks: to each in the order of their sequence, the next one after the last was taken.
 * Gateways share the work; one of them has a webhook at a time. docs/adr/0021-webhooks.md
 */
@Injectable()
export class WebhookDispatcher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly relay: Relay;
  private readonly running = new Map<string, { client: string; ended: Promise<void> }>();
  private readonly stopping = new AbortController();
  private readonly leaseMs: number;
  private silence: (() => void) | undefined;
  private pruning: NodeJS.Timeout | undefined;
  private pruned: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly queue: WebhookQueue,
    private readonly feed: EventFeed,
    private readonly sender: WebhookSender,
    private readonly settings: IngressGatewaySettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.leaseMs = Math.max(LEAST_LEASE_MS, 3 * settings.webhookTimeoutMs);
    this.relay = new Relay(
      () => this.begin(),
      (error) => this.logger.warn({ err: error }, 'webhooks cannot be looked for'),
    );
  }

  onApplicationBootstrap(): void {
    this.relay.start();
    this.silence = this.feed.onMore(() => this.relay.wake());
    this.pruning = setInterval(() => {
      this.pruned = this.prune().catch((error: unknown) =>
        this.logger.warn({ err: error }, 'old deliveries could not be removed'),
      );
    }, this.settings.collectEveryMs);
  }

  async onModuleDestroy(): Promise<void> {
    this.silence?.();
    clearInterval(this.pruning);
    this.stopping.abort();
    await this.relay.stop();
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
    await this.pruned;
    await this.sender.close();
  }

  prune(): Promise<number> {
    return this.queue.prune(new Date(Date.now() - this.settings.webhookDeliveriesKeptMs));
  }

  /** Begins with as many webhooks as there are places for. */
  private async begin(): Promise<boolean> {
    while (this.running.size < this.settings.webhooksAtOnce && !this.stopping.signal.aborted) {
      const webhook = await this.queue.claim(this.leaseMs, this.busyClients());
      if (!webhook) return false;
      const ended = this.turn(webhook)
        .catch((error: unknown) => this.logger.warn({ err: error, webhook: webhook.id }, 'a webhook waits'))
        .finally(() => {
          this.running.delete(webhook.lease);
          this.relay.wake();
        });
      this.running.set(webhook.lease, { client: webhook.client, ended });
    }
    return false;
  }

  private busyClients(): string[] {
    const most = Math.max(1, Math.floor(this.settings.webhooksAtOnce / SHARE));
    const counts = new Map<string, number>();
    for (const { client } of this.running.values()) counts.set(client, (counts.get(client) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= most).map(([client]) => client);
  }

  /** Until all is sent, one try fails, or it is others' turn. */
  private async turn(first: LeasedWebhook): Promise<void> {
    const until = Date.now() + TURN_MS;
    for (let webhook = first; ;) {
      // Read first: what comes in between is left for the next turn.
      const last = await this.feed.last();
      const events = await this.matching(webhook);
      for (const event of events) {
        const next = await this.sent(webhook, event);
        if (!next) return;
        webhook = next;
        if (Date.now() >= until) return this.queue.release(webhook);
      }
      if (events.length < BATCH) return this.queue.release(webhook, last);
      webhook = { ...webhook, sequence: Number(events.at(-1)?.sequence) };
    }
  }

  /** Of its own client alone, whoever made it. */
  private matching({ client, pods, types: asked, format, sequence }: LeasedWebhook): Promise<Envelope[]> {
    const types = asked ?? (format === 'cdevents' ? cdEventSources : undefined);
    const visible = [{ client, ...(pods ? { pods } : {}) }];
    return this.feed.after(sequence, { visible, ...(types ? { types } : {}) }, BATCH);
  }

  /** The webhook to go on with; undefined when there is nothing to go on with now. */
  private async sent(webhook: LeasedWebhook, event: Envelope): Promise<LeasedWebhook | undefined> {
    const message = outgoingEvent(webhook, event);
    if (!message) return webhook;
    const { gone, retryAfterMs, ...answer } = await this.sender.send(message, this.stopping.signal);
    if (!answer.delivered && this.stopping.signal.aborted) {
      await this.queue.release(webhook);
      return undefined;
    }
    const tried = { eventId: event.id, type: event.type, sequence: Number(event.sequence), ...answer };
    if (answer.delivered) return this.queue.delivered(webhook, tried, this.leaseMs);
    const outcome = await this.queue.failed(webhook, {
      ...{ ...tried, gone },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
    if (outcome === 'disabled')
      this.logger.warn({ webhook: webhook.id, client: webhook.client }, 'a webhook was disabled');
    return undefined;
  }
}
