import { Webhook } from 'standardwebhooks';

/** The event that came to a webhook. Throws when it was not signed with the webhook's secret, or is old. */
export function receivedEvent(secret, headers, body) {
  return new Webhook(secret).verify(body, headers);
}
