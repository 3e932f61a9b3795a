import { IsNull, LessThan, type DataSource } from 'typeorm';
import { ulid } from 'ulid';
import { podRights, type PodRight } from '@podway/contracts';
import { recordAudit } from '../audit/audit-scope.js';
import type { PageOfClient } from './page.js';
import { DelegationEntity } from '../entities/index.js';

export interface NewDelegation {
  /** Whose PODs they are. */
  client: string;
  pods: readonly string[];
  /** The third party. */
  to: { client: string } | { key: string };
  rights: readonly PodRight[];
  from: Date;
  until: Date;
  note?: string;
}

/** Third parties' leave to act on some PODs of a client, for a time. */
export class Delegations {
  constructor(private readonly dataSource: DataSource) {}

  async create({ client, pods, to, rights, from, until, note }: NewDelegation): Promise<DelegationEntity> {
    const delegation: DelegationEntity = {
      id: ulid(),
      client,
      pods: [...new Set(pods)].sort(),
      toClient: 'client' in to ? to.client : null,
      toKey: 'key' in to ? to.key : null,
      // Who may do something with a POD sees it.
      rights: podRights.filter((right) => right === 'view' || rights.includes(right)),
      startsAt: from,
      endsAt: until,
      note: note ?? null,
      createdAt: new Date(),
      revokedAt: null,
    };
    await this.dataSource.transaction(async (manager) => {
      await manager.insert(DelegationEntity, delegation);
      const { id, toClient, toKey, pods: given, rights: may, startsAt, endsAt } = delegation;
      await recordAudit(manager, {
        ...{ client, subject: `delegation/${id}` },
        detail: { toClient, toKey, pods: given, rights: may, from: startsAt, until: endsAt },
      });
    });
    return delegation;
  }

  /** Newest first, those that are over too; those older than `before`; of a client: by it and to it. */
  list({ client, before, limit = 100 }: PageOfClient = {}): Promise<DelegationEntity[]> {
    const older = before === undefined ? {} : { id: LessThan(before) };
    return this.dataSource.manager.find(DelegationEntity, {
      where:
        client === undefined
          ? older
          : [
              { client, ...older },
              { toClient: client, ...older },
            ],
      order: { id: 'DESC' },
      take: limit,
    });
  }

  /** Revokes at once. False when there is no such delegation that is not revoked. */
  async revoke(id: string): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const revokedAt = new Date();
      const { affected } = await manager.update(DelegationEntity, { id, revokedAt: IsNull() }, { revokedAt });
      if (affected !== 1) return false;
      const { client } = await manager.findOneByOrFail(DelegationEntity, { id });
      await recordAudit(manager, { client, subject: `delegation/${id}` });
      return true;
    });
  }
}
