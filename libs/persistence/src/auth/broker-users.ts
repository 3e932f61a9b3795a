import { randomBytes } from 'node:crypto';
import { IsNull, type DataSource } from 'typeorm';
import { recordAudit } from '../audit/audit-scope.js';
import { BrokerUserEntity } from '../entities/index.js';
import type { Identity } from './access.js';
import { ensureClients } from './clients.js';
import { identityInForce } from './in-force.js';

/** Ids of broker users among those of all publishers: `broker:<name>`. */
const PREFIX = 'broker:';
/** More than any list shows; broker users are made by people. */
const MOST_LISTED = 500;

export interface NewBrokerUser {
  client: string;
  /** The only PODs that it is good for. */
  pods?: readonly string[];
  note?: string;
  /** Whether it may read the stream of its client's events. */
  stream?: boolean;
  /** Id of the credential of who makes it. */
  createdBy: string;
}

/** Users of the broker that Podway made for clients. What may sign in there with a password is the broker's to know. */
export class BrokerUsers {
  constructor(private readonly dataSource: DataSource) {}

  static isKeyId(id: string): boolean {
    return id.startsWith(PREFIX);
  }

  /** Writes down a user of a new name: `<client>-<8 hex>`. */
  async create({ client, pods, note, stream = false, createdBy }: NewBrokerUser): Promise<BrokerUserEntity> {
    return this.dataSource.transaction(async (manager) => {
      await ensureClients(manager, [client]);
      const user = await manager.save(BrokerUserEntity, {
        name: `${client}-${randomBytes(4).toString('hex')}`,
        client,
        role: 'publisher' as const,
        pods: pods ? [...new Set(pods)].sort() : null,
        note: note ?? null,
        stream,
        createdBy,
        createdAt: new Date(),
        revokedAt: null,
      });
      await recordAudit(manager, {
        client,
        subject: `broker-user/${user.name}`,
        detail: { pods: user.pods, stream },
      });
      return user;
    });
  }

  /** Forgets a user that the broker never came to have. */
  async forget(name: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { client } = await manager.findOneByOrFail(BrokerUserEntity, { name });
      await manager.delete(BrokerUserEntity, { name });
      await recordAudit(manager, { client, subject: `broker-user/${name}`, detail: { forgotten: true } });
    });
  }

  /** The record of a user, revoked or not. */
  find(name: string): Promise<BrokerUserEntity | null> {
    return this.dataSource.manager.findOneBy(BrokerUserEntity, { name });
  }

  /** The record behind a publisher's id `broker:<name>`. */
  findByKeyId(keyId: string): Promise<BrokerUserEntity | null> {
    return this.find(keyId.slice(PREFIX.length));
  }

  /** Newest first, revoked ones too. */
  list(client: string): Promise<BrokerUserEntity[]> {
    return this.dataSource.manager.find(BrokerUserEntity, {
      where: { client },
      order: { createdAt: 'DESC', name: 'ASC' },
      take: MOST_LISTED,
    });
  }

  /** From now on its messages are refused. */
  async revoke(name: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const due = { name, revokedAt: IsNull() };
      const { affected } = await manager.update(BrokerUserEntity, due, { revokedAt: new Date() });
      if (affected !== 1) return;
      const { client } = await manager.findOneByOrFail(BrokerUserEntity, { name });
      await recordAudit(manager, { client, subject: `broker-user/${name}` });
    });
  }

  /** Who publishes as this user now; undefined when it is revoked, or its client disabled. */
  async identity({ name, client, role, pods, revokedAt }: BrokerUserEntity): Promise<Identity | undefined> {
    if (revokedAt) return undefined;
    const credential = { keyId: `${PREFIX}${name}`, client, role, pods };
    return identityInForce(this.dataSource.manager, credential);
  }
}
