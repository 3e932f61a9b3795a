import type { Provider } from '@nestjs/common';
import { WebhookQueue, type Database } from '@podway/persistence';
import type { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';
import { WebhookLookup } from './webhook-lookup.js';
import { WebhookSender } from './webhook-sender.js';

/** What sends to webhooks, for all clients. */
export function webhookProviders(dataSource: Database, settings: IngressGatewaySettings): Provider[] {
  const queue = new WebhookQueue(dataSource, {
    retryMs: settings.webhookRetryMs,
    retryMaxMs: settings.webhookRetryMaxMs,
    disableAfterMs: settings.webhookDisableAfterMs,
    disableAfterFailures: settings.webhookDisableAfterFailures,
  });
  const sender = new WebhookSender({
    timeoutMs: settings.webhookTimeoutMs,
    allowPrivate: settings.webhooksPrivate,
  });
  return [
    { provide: WebhookQueue, useValue: queue },
    { provide: WebhookSender, useValue: sender },
    WebhookLookup,
    WebhookDispatcher,
  ];
}
