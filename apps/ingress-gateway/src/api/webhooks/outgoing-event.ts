import type { Envelope } from '@podway/contracts';
import type { WebhookEntity } from '@podway/persistence';
import { boundCdEventsOf } from '../events/cd-events.js';
import type { WebhookMessage } from './webhook-sender.js';

const UTF8 = '; charset=utf-8';

/** An event as a webhook gets it; undefined when it gets nothing of it. Every try of it is signed anew. */
export function outgoingEvent(webhook: WebhookEntity, event: Envelope): WebhookMessage | undefined {
  const { url, secret, previousSecret, previousUntil, format } = webhook;
  const previous = previousSecret !== null && previousUntil && previousUntil.getTime() > Date.now();
  const message = { id: event.id, url, secrets: previous ? [secret, previousSecret] : [secret] };
  // A test is the same for all: there is no word for it.
  if (format === 'cloudevents' || event.sequence === undefined)
    return { ...message, contentType: `application/cloudevents+json${UTF8}`, body: JSON.stringify(event) };
  const batch = boundCdEventsOf(event);
  if (batch.length === 0) return undefined;
  return {
    ...message,
    contentType: `application/cloudevents-batch+json${UTF8}`,
    body: JSON.stringify(batch),
  };
}
