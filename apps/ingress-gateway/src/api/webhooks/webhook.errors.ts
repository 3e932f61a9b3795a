import { PodwayError } from '@podway/contracts';

/** Nothing may be sent to this URL. */
export class WebhookUrlError extends PodwayError {
  constructor(why: string) {
    super('WEBHOOK.URL_REFUSED', `Nothing is sent to this URL: ${why}`);
  }
}

/** Whose webhook it is must be said by who belongs to no client. */
export class WebhookClientNeededError extends PodwayError {
  constructor() {
    super('WEBHOOK.CLIENT_NEEDED', 'Say whose events are sent: client');
  }
}

/** There is no such delivery of this webhook. */
export class DeliveryNotFoundError extends PodwayError {
  constructor(id: string) {
    super('WEBHOOK.DELIVERY_NOT_FOUND', `There is no delivery ${id} here`);
  }
}

/** What was delivered then is not in the log (any more). */
export class DeliveredEventGoneError extends PodwayError {
  constructor(id: string) {
    super('WEBHOOK.EVENT_GONE', `The event of delivery ${id} is not in the log: it cannot be sent again`);
  }
}
