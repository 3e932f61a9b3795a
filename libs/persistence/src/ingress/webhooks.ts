import { IsNull, LessThan, Not, type DataSource, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { ulid } from 'ulid';
import { PodwayError, type EventFormat, type WebhookState } from '@podway/contracts';
import { advisoryLocks } from '../advisory-locks.js';
import { recordAudit } from '../audit/audit-scope.js';
import { WebhookDeliveryEntity, WebhookEntity } from '../entities/index.js';
import { recordTry, type WebhookTry } from './webhook-deliveries.js';

export interface NewWebhook {
  client: string;
  url: string;
  pods?: readonly string[];
  types?: readonly string[];
  format?: EventFormat;
  note?: string;
  secret: string;
  /** Events after this sequence are sent. */
  sequence: number;
  /** Id of the credential of who makes it. */
  createdBy: string;
}

export type WebhookChange = Partial<
  Pick<WebhookEntity, 'url' | 'pods' | 'types' | 'format' | 'note'> & {
    state: Exclude<WebhookState, 'disabled'>;
  }
>;

/** A client has as many webhooks as it may have. */
export class TooManyWebhooksError extends PodwayError {
  constructor(client: string, most: number) {
    super('WEBHOOK.TOO_MANY', `${client} has ${most} webhooks already, as many as it may`, {
      details: { client, most },
    });
  }
}

export interface DeliveriesPage {
  readonly limit: number;
  /** Only those older than this id. */
  readonly before?: string;
  readonly delivered?: boolean;
}

/** Webhooks as their clients see them: made, changed and removed. {@link WebhookQueue} sends to them. */
export class Webhooks {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws TooManyWebhooksError. */
  async create({ pods, types, format, note, ...asked }: NewWebhook, most: number): Promise<WebhookEntity> {
    const row: WebhookEntity = {
      ...{ id: ulid(), ...asked, pods: sorted(pods), types: sorted(types), note: note ?? null },
      ...{ format: format ?? 'cloudevents', previousSecret: null, previousUntil: null },
      ...{ state: 'active', disabledReason: null, failures: 0, failingSince: null, retryAt: null },
      ...{ lease: null, leasedUntil: null, turnAt: null, createdAt: new Date() },
    };
    await this.dataSource.transaction(async (manager) => {
      const { client, url } = row;
      await manager.query('select pg_advisory_xact_lock($1, hashtext($2))', [advisoryLocks.webhooks, client]);
      if ((await manager.countBy(WebhookEntity, { client })) >= most)
        throw new TooManyWebhooksError(client, most);
      await manager.insert(WebhookEntity, row);
      await record(manager, row, { url, pods: row.pods, types: row.types });
    });
    return row;
  }

  /** Oldest first; of all clients, or of one. */
  list(client?: string): Promise<WebhookEntity[]> {
    const where = client === undefined ? {} : { client };
    return this.dataSource.manager.find(WebhookEntity, { where, order: { id: 'ASC' } });
  }

  find(id: string): Promise<WebhookEntity | null> {
    return this.dataSource.manager.findOneBy(WebhookEntity, { id });
  }

  /** To another URL, or active again, it is tried at once, and its failures are forgotten. Null when it is gone. */
  change(id: string, change: WebhookChange): Promise<WebhookEntity | null> {
    const anew = change.url !== undefined || change.state === 'active';
    const forgotten = { failures: 0, failingSince: null, retryAt: null, disabledReason: null };
    return this.changed(id, { ...change, ...(anew ? forgotten : {}) }, { ...change });
  }

  /** A new secret; the one before signs too until `previousUntil`. Null when the webhook is gone. */
  rotate(id: string, secret: string, previousUntil: Date): Promise<WebhookEntity | null> {
    return this.changed(id, { secret, previousSecret: () => 'secret', previousUntil }, { previousUntil });
  }

  async remove(id: string): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const webhook = await manager.findOneBy(WebhookEntity, { id });
      if (!webhook) return false;
      await manager.delete(WebhookEntity, { id });
      await record(manager, webhook, { url: webhook.url });
      return true;
    });
  }

  /** Newest first. */
  deliveries(
    webhookId: string,
    { limit, before, delivered }: DeliveriesPage,
  ): Promise<WebhookDeliveryEntity[]> {
    const where: FindOptionsWhere<WebhookDeliveryEntity> = {
      webhookId,
      ...(before === undefined ? {} : { id: LessThan(before) }),
      ...(delivered === undefined ? {} : { deliveredAt: delivered ? Not(IsNull()) : IsNull() }),
    };
    return this.dataSource.manager.find(WebhookDeliveryEntity, { where, order: { id: 'DESC' }, take: limit });
  }

  delivery(webhookId: string, id: string): Promise<WebhookDeliveryEntity | null> {
    return this.dataSource.manager.findOneBy(WebhookDeliveryEntity, { webhookId, id });
  }

  /** Writes down a try that somebody asked for. */
  tried(webhook: WebhookEntity, sent: WebhookTry): Promise<WebhookDeliveryEntity> {
    return this.dataSource.transaction((manager) => recordTry(manager, webhook, sent));
  }

  private async changed(
    id: string,
    values: Parameters<EntityManager['update']>[2],
    detail: Record<string, unknown>,
  ): Promise<WebhookEntity | null> {
    return this.dataSource.transaction(async (manager) => {
      if (Object.keys(values).length > 0) await manager.update(WebhookEntity, { id }, values);
      const webhook = await manager.findOneBy(WebhookEntity, { id });
      if (webhook) await record(manager, webhook, detail);
      return webhook;
    });
  }
}

function sorted(names: readonly string[] | undefined): string[] | null {
  return names ? [...new Set(names)].sort() : null;
}

async function record(
  manager: EntityManager,
  { client, id }: WebhookEntity,
  detail: Record<string, unknown>,
): Promise<void> {
  await recordAudit(manager, { client, subject: `webhook/${id}`, detail });
}
