import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { WebhookDeliveryEntity, type WebhookEntity } from '../entities/index.js';

/** One try to send one event to a webhook. */
export interface WebhookTry {
  readonly eventId: string;
  readonly type: string;
  /** Unset for a test: nothing of the log. */
  readonly sequence?: number;
  /** Answered with 2xx. */
  readonly delivered: boolean;
  /** Of the answer, where there was one. */
  readonly status?: number;
  readonly error?: string;
  readonly durationMs: number;
}

/** Writes down a try; all tries of the same event make one delivery. What was once delivered stays so. */
export async function recordTry(
  manager: EntityManager,
  { id: webhookId, client }: Pick<WebhookEntity, 'id' | 'client'>,
  { eventId, type, sequence, delivered, status, error, durationMs }: WebhookTry,
): Promise<WebhookDeliveryEntity> {
  const rows: { id: string }[] = await manager.query(
    `insert into ingress.webhook_deliveries as d
       (id, webhook_id, client, sequence, event_id, type, tries, status, error, duration_ms, first_tried_at, last_tried_at, delivered_at)
     values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, now(), now(), case when $10::boolean then now() end)
     on conflict (webhook_id, sequence) do update set
       tries = d.tries + 1, status = excluded.status, error = excluded.error, duration_ms = excluded.duration_ms,
       last_tried_at = now(), delivered_at = coalesce(d.delivered_at, excluded.delivered_at)
     returning id`,
    [
      ...[ulid(), webhookId, client, sequence ?? null, eventId, type],
      ...[status ?? null, error?.slice(0, 500) ?? null, Math.round(durationMs), delivered],
    ],
  );
  return manager.findOneByOrFail(WebhookDeliveryEntity, { id: rows[0]?.id ?? '' });
}
