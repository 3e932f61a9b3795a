import type { DeliveryView, WebhookView } from '@podway/contracts';
import type { WebhookDeliveryEntity, WebhookEntity } from '@podway/persistence';

/** Never its secret. */
export function webhookView(webhook: WebhookEntity): WebhookView {
  const { id, client, url, pods, types, format, note, state, disabledReason, sequence, failures } = webhook;
  const { failingSince, retryAt, previousUntil, createdAt } = webhook;
  const signsStill = previousUntil && previousUntil.getTime() > Date.now();
  return {
    ...{ id, client, url, format, state, sequence, failures },
    ...(pods ? { pods } : {}),
    ...(types ? { types } : {}),
    ...(note === null ? {} : { note }),
    ...(disabledReason === null ? {} : { disabledReason }),
    ...(failingSince ? { failingSince: failingSince.toISOString() } : {}),
    ...(retryAt ? { retryAt: retryAt.toISOString() } : {}),
    ...(signsStill ? { previousSecretUntil: previousUntil.toISOString() } : {}),
    createdAt: createdAt.toISOString(),
  };
}

export function deliveryView(delivery: WebhookDeliveryEntity): DeliveryView {
  const { id, eventId, type, sequence, tries, status, error, durationMs, deliveredAt } = delivery;
  return {
    ...{ id, eventId, type, tries, durationMs },
    state: deliveredAt ? 'delivered' : 'failed',
    ...(sequence === null ? {} : { sequence }),
    ...(status === null ? {} : { status }),
    ...(error === null ? {} : { error }),
    firstTriedAt: delivery.firstTriedAt.toISOString(),
    lastTriedAt: delivery.lastTriedAt.toISOString(),
  };
}
