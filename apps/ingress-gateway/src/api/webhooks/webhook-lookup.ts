import { Injectable } from '@nestjs/common';
import { ULID } from '@podway/contracts';
import { may, Webhooks, type Identity, type WebhookEntity } from '@podway/persistence';
import { sees } from '../identity/caller.js';
import { NotAllowedError, NotFoundError } from '../problems/api.errors.js';

/** Finds webhooks for who asks. They are of a client as a whole: who has rights on some of its PODs sees none. */
@Injectable()
export class WebhookLookup {
  constructor(private readonly webhooks: Webhooks) {}

  /** @throws NotFoundError for what is another's too; NotAllowedError for what the caller sees and may not change. */
  async find(caller: Identity, id: string): Promise<WebhookEntity> {
    const webhook = ULID.test(id) ? await this.webhooks.find(id) : null;
    if (!webhook || !may(caller, 'view', webhook.client)) throw new NotFoundError('webhook', id);
    if (!sees(caller, webhook.client)) throw new NotAllowedError(caller.needs ?? 'view');
    return webhook;
  }
}
