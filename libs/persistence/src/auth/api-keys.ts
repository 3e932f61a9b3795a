import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { IsNull, type DataSource } from 'typeorm';
import { recordAudit } from '../audit/audit-scope.js';
import { ApiKeyEntity } from '../entities/index.js';
import type { Identity, Role } from './access.js';
import { ensureClients } from './clients.js';
import { identityInForce, isLastUseStale, isValid } from './in-force.js';

export interface NewApiKey {
  client: string;
  role: Role;
  /** Who holds it. */
  publisher?: string;
  note?: string;
  /** The only PODs that it is good for. */
  pods?: readonly string[];
  expiresAt?: Date;
}

export interface ApiKeyFilter {
  client?: string;
  /** Only those older than this key: the next page. */
  before?: string;
  limit?: number;
}

const FORM = /^pw_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** API keys: `pw_<id>_<secret>`. The secret has 256 random bits, so one SHA-256 keeps it as safe as a slow hash would. */
export class ApiKeys {
  constructor(private readonly dataSource: DataSource) {}

  /** Makes a key. The text is returned once and cannot be had again. */
  async create(key: NewApiKey): Promise<{ id: string; text: string }> {
    const id = randomBytes(12).toString('hex').slice(0, 12);
    const secret = randomBytes(32).toString('base64url');
    const text = `pw_${id}_${secret}`;
    await this.insert(text, key);
    return { id, text };
  }

  /** Makes sure that a key whose text was chosen elsewhere exists: the first admin's. */
  async ensure(text: string, key: NewApiKey): Promise<void> {
    await this.insert(text, key, true);
  }

  /** Who holds this key, or undefined for any key that is wrong, expired or revoked, or whose client is disabled. */
  async identify(text: string): Promise<Identity | undefined> {
    const parts = FORM.exec(text);
    if (!parts) return undefined;
    const [, id, secret] = parts as unknown as [string, string, string];
    const row = await this.dataSource.manager.findOneBy(ApiKeyEntity, { id });
    const matches = timingSafeEqual(digest(secret), Buffer.from(row?.secretDigest ?? '0'.repeat(64), 'hex'));
    if (!row || !matches) return undefined;
    const identity = await this.inForce(row);
    if (identity && isLastUseStale(row)) {
      await this.dataSource.manager.update(ApiKeyEntity, { id }, { lastUsedAt: new Date() });
    }
    return identity;
  }

  /** The identity behind a key id, if the key is still valid now. */
  async byId(id: string): Promise<Identity | undefined> {
    const row = await this.find(id);
    return row ? this.inForce(row) : undefined;
  }

  /** The key's record, valid or not. */
  find(id: string): Promise<ApiKeyEntity | null> {
    return this.dataSource.manager.findOneBy(ApiKeyEntity, { id });
  }

  /** Newest first, those that are over too. */
  list({ client, before, limit = 100 }: ApiKeyFilter = {}): Promise<ApiKeyEntity[]> {
    const query = this.dataSource.manager
      .createQueryBuilder(ApiKeyEntity, 'k')
      .orderBy('k.createdAt', 'DESC')
      .addOrderBy('k.id', 'DESC');
    if (client !== undefined) query.andWhere('k.client = :client', { client });
    if (before !== undefined) {
      query.andWhere(
        '(k.created_at, k.id) < (select b.created_at, b.id from auth.api_keys b where b.id = :before)',
        { before },
      );
    }
    return query.limit(limit).getMany();
  }

  /** Revokes at once. False when there is no such key in force. */
  async revoke(id: string): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const result = await manager.update(
        ApiKeyEntity,
        { id, revokedAt: IsNull() },
        { revokedAt: new Date() },
      );
      if (result.affected !== 1) return false;
      const { client } = await manager.findOneByOrFail(ApiKeyEntity, { id });
      await recordAudit(manager, { client, subject: `key/${id}` });
      return true;
    });
  }

  private async inForce(row: ApiKeyEntity): Promise<Identity | undefined> {
    const { id: keyId, client, role, pods } = row;
    return isValid(row) ? identityInForce(this.dataSource.manager, { keyId, client, role, pods }) : undefined;
  }

  private async insert(text: string, key: NewApiKey, ignoreExisting = false): Promise<void> {
    const parts = FORM.exec(text);
    if (!parts) throw new TypeError('An API key has the form pw_<12 of a-z0-9>_<43 of base64url>');
    const [, id, secret] = parts as unknown as [string, string, string];
    await this.dataSource.transaction(async (manager) => {
      await ensureClients(manager, [key.client]);
      const insert = manager
        .createQueryBuilder()
        .insert()
        .into(ApiKeyEntity)
        .values({
          id,
          secretDigest: digest(secret).toString('hex'),
          client: key.client,
          role: key.role,
          publisher: key.publisher ?? null,
          note: key.note ?? null,
          pods: key.pods ? [...key.pods] : null,
          // To the microsecond, so that two of one millisecond are listed in their order.
          createdAt: () => 'clock_timestamp()',
          expiresAt: key.expiresAt ?? null,
          revokedAt: null,
          lastUsedAt: null,
        });
      await (ignoreExisting ? insert.orIgnore() : insert).execute();
      const { client, role, pods, expiresAt } = key;
      await recordAudit(manager, { client, subject: `key/${id}`, detail: { role, pods, expiresAt } });
    });
  }
}
