import { ClientAccounts } from '@podway/messaging';
import type { IngressGatewaySettings } from '../../ingress-gateway.config.js';

/** Undefined without RabbitMQ, or without its management API. */
export function clientAccounts(settings: IngressGatewaySettings): ClientAccounts | undefined {
  const { amqpUrl, amqpManagementUrl } = settings;
  if (amqpUrl === undefined || amqpManagementUrl === undefined) return undefined;
  return new ClientAccounts({
    amqpUrl,
    managementUrl: amqpManagementUrl,
    limits: {
      maxConnections: settings.clientConnections,
      maxChannels: settings.clientChannels,
      maxQueueBytes: settings.clientQueueBytes,
      queueExpiresMs: settings.clientQueueExpiresMs,
      streamAgeMs: settings.streamAgeMs,
      streamBytes: settings.streamBytes,
    },
  });
}
