import type {
  ChangeWebhookRequest,
  DeliveriesQuery,
  DeliveryList,
  DeliveryView,
  NewWebhookRequest,
  NewWebhookView,
  WebhookList,
  WebhooksQuery,
  WebhookView,
} from '@podway/contracts';
import type { Connection } from './connection.js';

const pathOf = (id: string): string => `/v1/webhooks/${encodeURIComponent(id)}`;

/** URLs that get the events of a client. */
export class Webhooks {
  constructor(private readonly connection: Connection) {}

  /** Has the events of a client sent to a URL. The secret that signs them is in the answer and nowhere else. */
  create(request: NewWebhookRequest): Promise<NewWebhookView> {
    return this.connection.json({ method: 'POST', path: '/v1/webhooks', json: request });
  }

  /** Oldest first. */
  async list(query: WebhooksQuery = {}): Promise<WebhookView[]> {
    const call = { method: 'GET', path: '/v1/webhooks', query: { ...query } } as const;
    return (await this.connection.json<WebhookList>(call)).webhooks;
  }

  get(id: string): Promise<WebhookView> {
    return this.connection.json({ method: 'GET', path: pathOf(id) });
  }

  /** Changes, pauses or resumes it. */
  change(id: string, change: ChangeWebhookRequest): Promise<WebhookView> {
    return this.connection.json({ method: 'PATCH', path: pathOf(id), json: change, repeatable: true });
  }

  /** A new secret; the one before signs too for a while. */
  rotateSecret(id: string): Promise<NewWebhookView> {
    return this.connection.json({ method: 'POST', path: `${pathOf(id)}/secret` });
  }

  async remove(id: string): Promise<void> {
    await this.connection.answer({ method: 'DELETE', path: pathOf(id) });
  }

  /** What became of the events that were sent to it, newest first. */
  async deliveries(id: string, query: DeliveriesQuery = {}): Promise<DeliveryView[]> {
    const call = { method: 'GET', path: `${pathOf(id)}/deliveries`, query: { ...query } } as const;
    return (await this.connection.json<DeliveryList>(call)).deliveries;
  }

  /** Sends the event of a delivery again, and tells how it went. */
  redeliver(id: string, deliveryId: string): Promise<DeliveryView> {
    const path = `${pathOf(id)}/deliveries/${encodeURIComponent(deliveryId)}/redeliver`;
    return this.connection.json({ method: 'POST', path });
  }

  /** Sends an event that is not in the log, and tells how it went. */
  test(id: string): Promise<DeliveryView> {
    return this.connection.json({ method: 'POST', path: `${pathOf(id)}/test` });
  }
}
