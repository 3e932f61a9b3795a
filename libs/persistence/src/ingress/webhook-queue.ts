import type { DataSource, EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { envelop, WebhookDisabled } from '@podway/contracts';
import { WebhookEntity } from '../entities/index.js';
import { appendEvents } from '../outbox/event-log.js';
import { recordTry, type WebhookTry } from './webhook-deliveries.js';

/** When a webhook is tried again, and when it is given up. */
export interface WebhookRetries {
  /** Wait after the first failure, in milliseconds; three times as long after each next. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** Failing for so long, it is disabled. */
  readonly disableAfterMs: number;
  /** So many failures in a row, it is disabled. */
  readonly disableAfterFailures: number;
}

/** A try that failed, and what the receiver said about the next. */
export interface FailedTry extends WebhookTry {
  /** The receiver wants no more of it (410). */
  readonly gone: boolean;
  /** The receiver asks to wait so long (Retry-After). */
  readonly retryAfterMs?: number;
}

/** A webhook that is one process's alone for a while. */
export interface LeasedWebhook extends WebhookEntity {
  lease: string;
}

const PRUNED_AT_ONCE = 5_000;

/** Which webhook is to be sent to next, and what came of it. One process at a time has a webhook. Knows no tenants. */
export class WebhookQueue {
  constructor(
    private readonly dataSource: DataSource,
    private readonly retries: WebhookRetries,
  ) {}

  /**
   * Takes the webhook that has waited longest, of those with events to send; none of `busy` clients, nor of disabled ones.
   * It is the caller's for `leaseMs`, which each event that is delivered begins anew.
   */
  async claim(leaseMs: number, busy: readonly string[]): Promise<LeasedWebhook | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const rows: { id: string }[] = await manager.query(
        `select id from ingress.webhooks w
          where state = 'active' and (retry_at is null or retry_at <= now())
            and (leased_until is null or leased_until < now()) and client <> all ($1::text[])
            and exists (select 1 from coordinator.event_log e where e.client = w.client and e.sequence > w.sequence)
            and not exists (select 1 from auth.clients c where c.name = w.client and c.disabled_at is not null)
          order by turn_at nulls first, id limit 1 for update skip locked`,
        [busy],
      );
      const [found] = rows;
      if (!found) return undefined;
      const lease = ulid();
      await manager.query(
        `update ingress.webhooks set lease = $2, leased_until = now() + $3 * interval '1 ms', turn_at = clock_timestamp()
          where id = $1`,
        [found.id, lease, leaseMs],
      );
      const webhook = await manager.findOneByOrFail(WebhookEntity, { id: found.id });
      return { ...webhook, lease };
    });
  }

  /** The webhook as it is now, the lease begun anew; undefined when it is the caller's no more, or not active. */
  async delivered(
    { id, lease }: LeasedWebhook,
    sent: WebhookTry & { sequence: number },
    leaseMs: number,
  ): Promise<LeasedWebhook | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const webhook = await leased(manager, id, lease);
      if (!webhook) return undefined;
      await recordTry(manager, webhook, sent);
      await manager.query(
        `update ingress.webhooks set sequence = $2, failures = 0, failing_since = null, retry_at = null,
           leased_until = now() + $3 * interval '1 ms' where id = $1`,
        [id, sent.sequence, leaseMs],
      );
      return webhook.state === 'active' ? { ...webhook, sequence: sent.sequence, lease } : undefined;
    });
  }

  /** Gives the webhook back, to be tried again later, or disabled: then an event says so. */
  async failed({ id, lease }: LeasedWebhook, sent: FailedTry): Promise<'waiting' | 'disabled' | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const webhook = await leased(manager, id, lease);
      if (!webhook) return undefined;
      await recordTry(manager, webhook, sent);
      const failures = webhook.failures + 1;
      const failingSince = webhook.failingSince ?? new Date();
      const given = { failures, failingSince, lease: null, leasedUntil: null };
      const reason = webhook.state === 'active' ? this.givenUp(failures, failingSince, sent) : undefined;
      const retryAt = new Date(Date.now() + this.waitMs(failures, sent.retryAfterMs));
      if (reason === undefined) {
        await manager.update(WebhookEntity, { id }, { ...given, retryAt });
        return 'waiting';
      }
      await manager.update(
        WebhookEntity,
        { id },
        { ...given, state: 'disabled', disabledReason: reason, retryAt: null },
      );
      const told = Object.assign(new WebhookDisabled(), {
        ...{ webhookId: id, reason, failures, lastSequence: webhook.sequence },
      });
      const { client } = webhook;
      await appendEvents(manager, [envelop(told, { source: 'ingress-gateway', subject: client })], {
        client,
      });
      return 'disabled';
    });
  }

  /** Gives the webhook back. `sequence`: it is done with all up to there. */
  async release({ id, lease }: LeasedWebhook, sequence?: number): Promise<void> {
    await this.dataSource.query(
      `update ingress.webhooks set lease = null, leased_until = null, sequence = greatest(sequence, $3::bigint)
        where id = $1 and lease = $2`,
      [id, lease, sequence ?? 0],
    );
  }

  /** Removes deliveries that were last tried before, and secrets that sign no more. Returns how many deliveries went. */
  async prune(before: Date): Promise<number> {
    await this.dataSource.query(
      `update ingress.webhooks set previous_secret = null, previous_until = null where previous_until < now()`,
    );
    let removed = 0;
    for (;;) {
      const [, count]: [unknown, number] = await this.dataSource.query(
        `delete from ingress.webhook_deliveries where id in
           (select id from ingress.webhook_deliveries where last_tried_at < $1 limit ${PRUNED_AT_ONCE})`,
        [before],
      );
      removed += count;
      if (count < PRUNED_AT_ONCE) return removed;
    }
  }

  private waitMs(failures: number, retryAfterMs = 0): number {
    const { retryMs, retryMaxMs } = this.retries;
    const grown = Math.min(retryMaxMs, retryMs * 3 ** Math.min(failures - 1, 20));
    // Not all of a receiver that was away at the same moment.
    const scattered = grown * (0.8 + 0.4 * Math.random());
    return Math.max(scattered, Math.min(retryAfterMs, retryMaxMs));
  }

  private givenUp(failures: number, since: Date, sent: FailedTry): string | undefined {
    const { disableAfterMs, disableAfterFailures } = this.retries;
    const last = sent.error ?? `answered ${sent.status ?? 'nothing'}`;
    if (sent.gone) return `the receiver says that it is gone for good: ${last}`;
    if (failures >= disableAfterFailures) return `failed ${failures} times in a row, the last time: ${last}`;
    if (Date.now() - since.getTime() >= disableAfterMs)
      return `has failed since ${since.toISOString()}, the last time: ${last}`;
    return undefined;
  }
}

function leased(manager: EntityManager, id: string, lease: string): Promise<WebhookEntity | null> {
  return manager.findOne(WebhookEntity, { where: { id, lease }, lock: { mode: 'pessimistic_write' } });
}
