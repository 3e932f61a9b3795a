import { Controller, Inject, Param } from '@nestjs/common';
import {
  DeliveriesQuery,
  DeliveryList,
  DeliveryView,
  envelop,
  ULID,
  WebhookTested,
  type Envelope,
} from '@podway/contracts';
import { EventFeed, Webhooks, type Identity, type WebhookEntity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { QueryOf } from '../input/input.pipes.js';
import { STOPPING } from '../tokens.js';
import { outgoingEvent } from './outgoing-event.js';
import { DeliveredEventGoneError, DeliveryNotFoundError } from './webhook.errors.js';
import { WebhookLookup } from './webhook-lookup.js';
import { WebhookSender } from './webhook-sender.js';
import { deliveryView } from './webhook.view.js';

const DEFAULT_LIMIT = 50;

/** What became of events on their way to webhooks, and tries that somebody asks for. */
@Controller()
export class WebhookDeliveriesController {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly lookup: WebhookLookup,
    private readonly feed: EventFeed,
    private readonly sender: WebhookSender,
    @Inject(STOPPING) private readonly stopping: AbortSignal,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/webhooks/:id/deliveries',
    operationId: 'listWebhookDeliveries',
    summary: 'What became of the events that were sent to a webhook',
    role: 'viewer',
    query: DeliveriesQuery,
    answer: { status: 200, description: 'Deliveries, newest first.', json: DeliveryList },
    problems: [404, 422],
  })
  async list(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @QueryOf(DeliveriesQuery) { limit = DEFAULT_LIMIT, before, state }: DeliveriesQuery,
  ): Promise<DeliveryList> {
    await this.lookup.find(caller, id);
    const deliveries = await this.webhooks.deliveries(id, {
      limit,
      ...(before === undefined ? {} : { before }),
      ...(state === undefined ? {} : { delivered: state === 'delivered' }),
    });
    return { deliveries: deliveries.map(deliveryView) };
  }

  @Endpoint({
    method: 'post',
    path: '/v1/webhooks/:id/deliveries/:delivery/redeliver',
    operationId: 'redeliverWebhook',
    summary: 'Send the event of a delivery again, now and whatever the state of the webhook',
    role: 'publisher',
    answer: { status: 200, description: 'How it went.', json: DeliveryView },
    problems: [404, 409],
  })
  async redeliver(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @Param('delivery') deliveryId: string,
  ): Promise<DeliveryView> {
    const webhook = await this.lookup.find(caller, id);
    const delivery = ULID.test(deliveryId) ? await this.webhooks.delivery(id, deliveryId) : null;
    if (!delivery) throw new DeliveryNotFoundError(deliveryId);
    const { sequence } = delivery;
    const [event] =
      sequence === null ? [] : await this.feed.after(sequence - 1, { client: webhook.client }, 1);
    if (!event || Number(event.sequence) !== sequence) throw new DeliveredEventGoneError(deliveryId);
    return this.sent(webhook, event);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/webhooks/:id/test',
    operationId: 'testWebhook',
    summary: 'Send an event that is not in the log: does the webhook answer?',
    role: 'publisher',
    answer: { status: 200, description: 'How it went.', json: DeliveryView },
    problems: [404],
  })
  async test(@Caller() caller: Identity, @Param('id') id: string): Promise<DeliveryView> {
    const webhook = await this.lookup.find(caller, id);
    const tested = Object.assign(new WebhookTested(), { webhookId: id, by: caller.keyId });
    return this.sent(webhook, envelop(tested, { source: 'ingress-gateway', subject: webhook.client }));
  }

  private async sent(webhook: WebhookEntity, event: Envelope): Promise<DeliveryView> {
    const message = outgoingEvent(webhook, event);
    if (!message) throw new DeliveredEventGoneError(event.id);
    const { gone: _, retryAfterMs: __, ...answer } = await this.sender.send(message, this.stopping);
    const delivery = await this.webhooks.tried(webhook, {
      ...{ eventId: event.id, type: event.type, ...answer },
      ...(event.sequence === undefined ? {} : { sequence: Number(event.sequence) }),
    });
    return deliveryView(delivery);
  }
}
