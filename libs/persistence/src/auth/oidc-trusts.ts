import { IsNull, LessThan, type DataSource } from 'typeorm';
import { ulid } from 'ulid';
import { ULID, type RequiredClaim, type TokenRole } from '@podway/contracts';
import { recordAudit } from '../audit/audit-scope.js';
import { OidcTrustEntity } from '../entities/index.js';
import type { Identity } from './access.js';
import type { PageOfClient } from './page.js';
import { identityInForce, isLastUseStale, isValid } from './in-force.js';

const PREFIX = 'oidc:';

export interface NewOidcTrust {
  issuer: string;
  audience: string;
  claims: readonly RequiredClaim[];
  client: string;
  role: TokenRole;
  pods?: readonly string[];
  note?: string;
  expiresAt?: Date;
}

/** Trusts in the tokens of OIDC issuers. The publisher behind such a token is the trust: `oidc:<id>`. */
export class OidcTrusts {
  constructor(private readonly dataSource: DataSource) {}

  async create(trust: NewOidcTrust): Promise<OidcTrustEntity> {
    const { issuer, audience, claims, client, role, pods, note, expiresAt } = trust;
    const row: OidcTrustEntity = {
      id: ulid(),
      ...{ issuer, audience, client, role },
      claims: claims.map(({ name, value }) => ({ name, value })),
      pods: pods ? [...pods] : null,
      note: note ?? null,
      createdAt: new Date(),
      expiresAt: expiresAt ?? null,
      revokedAt: null,
      lastUsedAt: null,
    };
    await this.dataSource.transaction(async (manager) => {
      await manager.insert(OidcTrustEntity, row);
      await recordAudit(manager, {
        ...{ client, subject: `trust/${row.id}` },
        detail: { issuer, audience, claims: row.claims, role, pods, expiresAt },
      });
    });
    return row;
  }

  /** Newest first, those that are over too; those older than `before`. */
  list({ client, before, limit = 100 }: PageOfClient = {}): Promise<OidcTrustEntity[]> {
    return this.dataSource.manager.find(OidcTrustEntity, {
      where: {
        ...(client === undefined ? {} : { client }),
        ...(before === undefined ? {} : { id: LessThan(before) }),
      },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  /** Trusts in this issuer that are in force: the one that requires most first, then the oldest. */
  async ofIssuer(issuer: string): Promise<OidcTrustEntity[]> {
    const rows = await this.dataSource.manager.find(OidcTrustEntity, {
      where: { issuer, revokedAt: IsNull() },
      order: { id: 'ASC' },
    });
    return rows.filter(isValid).sort((a, b) => b.claims.length - a.claims.length);
  }

  /** The identity of who came with a token that this trust takes; undefined when its client is disabled. */
  async identify(trust: OidcTrustEntity): Promise<Identity | undefined> {
    const identity = await this.inForce(trust);
    if (identity && isLastUseStale(trust)) {
      await this.dataSource.manager.update(OidcTrustEntity, { id: trust.id }, { lastUsedAt: new Date() });
    }
    return identity;
  }

  /** The identity `oidc:<id>`, if the trust is still in force now. */
  async byKeyId(keyId: string): Promise<Identity | undefined> {
    const row = await this.find(keyId);
    return row ? this.inForce(row) : undefined;
  }

  /** The trust behind `oidc:<id>`, in force or not. */
  async find(keyId: string): Promise<OidcTrustEntity | null> {
    const id = keyId.slice(PREFIX.length);
    if (!OidcTrusts.isKeyId(keyId) || !ULID.test(id)) return null;
    return this.dataSource.manager.findOneBy(OidcTrustEntity, { id });
  }

  /** Revokes at once. False when there is no such trust in force. */
  async revoke(id: string): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const revokedAt = new Date();
      const { affected } = await manager.update(OidcTrustEntity, { id, revokedAt: IsNull() }, { revokedAt });
      if (affected !== 1) return false;
      const { client } = await manager.findOneByOrFail(OidcTrustEntity, { id });
      await recordAudit(manager, { client, subject: `trust/${id}` });
      return true;
    });
  }

  static isKeyId(keyId: string): boolean {
    return keyId.startsWith(PREFIX);
  }

  private async inForce(row: OidcTrustEntity): Promise<Identity | undefined> {
    const { id, client, role, pods } = row;
    const credential = { keyId: `${PREFIX}${id}`, client, role, pods };
    return isValid(row) ? identityInForce(this.dataSource.manager, credential) : undefined;
  }
}
