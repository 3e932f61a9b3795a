import { Controller, Param } from '@nestjs/common';
import {
  ChangeWebhookRequest,
  NewWebhookRequest,
  NewWebhookView,
  WebhookList,
  WebhooksQuery,
  WebhookView,
} from '@podway/contracts';
import { Clients, EventFeed, may, visibleTo, Webhooks, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { Endpoint } from '../endpoint.js';
import { Caller, EVERY_CLIENT } from '../identity/caller.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { NotAllowedError, NotFoundError } from '../problems/api.errors.js';
import { WebhookClientNeededError } from './webhook.errors.js';
import { WebhookLookup } from './webhook-lookup.js';
import { WebhookSender } from './webhook-sender.js';
import { webhookView } from './webhook.view.js';

/** Webhooks: URLs that get the events of a client. */
@Controller()
export class WebhooksController {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly lookup: WebhookLookup,
    private readonly clients: Clients,
    private readonly feed: EventFeed,
    private readonly sender: WebhookSender,
    private readonly settings: IngressGatewaySettings,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/webhooks',
    operationId: 'createWebhook',
    summary: 'Have the events of a client sent to a URL; the secret that signs them is shown this once',
    role: 'publisher',
    body: { json: NewWebhookRequest },
    answer: { status: 201, description: 'The webhook and its secret.', json: NewWebhookView },
    problems: [400, 404, 415, 422],
  })
  async create(
    @Caller() caller: Identity,
    @JsonBody(NewWebhookRequest) { after, ...asked }: NewWebhookRequest,
  ): Promise<NewWebhookView> {
    const client = await this.clientOf(caller, asked.client);
    this.sender.refuse(asked.url);
    const last = await this.feed.last();
    const secret = WebhookSender.newSecret();
    const webhook = await this.webhooks.create(
      { ...asked, client, secret, sequence: Math.min(after ?? last, last), createdBy: caller.keyId },
      this.settings.webhooksPerClient,
    );
    return { ...webhookView(webhook), secret };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/webhooks',
    operationId: 'listWebhooks',
    summary: 'Webhooks that the caller may see',
    role: 'viewer',
    query: WebhooksQuery,
    answer: { status: 200, description: 'Webhooks, oldest first; never their secrets.', json: WebhookList },
    problems: [422],
  })
  async list(@Caller() caller: Identity, @QueryOf(WebhooksQuery) query: WebhooksQuery): Promise<WebhookList> {
    const own = caller.client === EVERY_CLIENT ? undefined : caller.client;
    const found = await this.webhooks.list(query.client ?? own);
    const everything = visibleTo(caller) === undefined;
    const seen = found.filter(({ client }) => everything || may(caller, 'view', client));
    return { webhooks: seen.map(webhookView) };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/webhooks/:id',
    operationId: 'getWebhook',
    summary: 'A webhook, and how far it is',
    role: 'viewer',
    answer: { status: 200, description: 'The webhook.', json: WebhookView },
    problems: [404],
  })
  async one(@Caller() caller: Identity, @Param('id') id: string): Promise<WebhookView> {
    return webhookView(await this.lookup.find(caller, id));
  }

  @Endpoint({
    method: 'patch',
    path: '/v1/webhooks/:id',
    operationId: 'changeWebhook',
    summary: 'Change a webhook, pause it, or let it go on',
    role: 'publisher',
    body: { json: ChangeWebhookRequest },
    answer: { status: 200, description: 'The webhook.', json: WebhookView },
    problems: [400, 404, 415, 422],
  })
  async change(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @JsonBody(ChangeWebhookRequest) change: ChangeWebhookRequest,
  ): Promise<WebhookView> {
    await this.lookup.find(caller, id);
    if (change.url !== undefined) this.sender.refuse(change.url);
    const webhook = await this.webhooks.change(id, { ...change });
    if (!webhook) throw new NotFoundError('webhook', id);
    return webhookView(webhook);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/webhooks/:id/secret',
    operationId: 'rotateWebhookSecret',
    summary: 'Give a webhook a new secret; the one before signs too for a while',
    role: 'publisher',
    answer: { status: 200, description: 'The webhook and its new secret.', json: NewWebhookView },
    problems: [404],
  })
  async rotate(@Caller() caller: Identity, @Param('id') id: string): Promise<NewWebhookView> {
    await this.lookup.find(caller, id);
    const secret = WebhookSender.newSecret();
    const until = new Date(Date.now() + this.settings.webhookSecretOverlapMs);
    const webhook = await this.webhooks.rotate(id, secret, until);
    if (!webhook) throw new NotFoundError('webhook', id);
    return { ...webhookView(webhook), secret };
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/webhooks/:id',
    operationId: 'removeWebhook',
    summary: 'Remove a webhook, and what is known of its deliveries',
    role: 'publisher',
    answer: { status: 204, description: 'Nothing more is sent to it.' },
    problems: [404],
  })
  async remove(@Caller() caller: Identity, @Param('id') id: string): Promise<void> {
    await this.lookup.find(caller, id);
    if (!(await this.webhooks.remove(id))) throw new NotFoundError('webhook', id);
  }

  /** Whose webhook it is to be. */
  private async clientOf(caller: Identity, asked: string | undefined): Promise<string> {
    const client = asked ?? caller.client;
    if (client === EVERY_CLIENT) throw new WebhookClientNeededError();
    const own = client === caller.client;
    if (!own && (caller.client !== EVERY_CLIENT || !(await this.clients.byName(client))))
      throw new NotFoundError('client', client);
    // Its key may be good for some PODs only: a webhook is of the client as a whole.
    if (!may(caller, 'publish', client)) throw new NotAllowedError('publish');
    return client;
  }
}
