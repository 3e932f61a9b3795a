import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { IsNull, type DataSource } from 'typeorm';
import { ApiKeyEntity, type Role } from '../entities/index.js';

/** Who is behind a request. Never holds the secret. */
export interface Identity {
  keyId: string;
  /** `*` for operators and admins of the hosting service. */
  client: string;
  role: Role;
}

export interface NewApiKey {
  client: string;
  role: Role;
  note?: string;
  expiresAt?: Date;
}

const FORM = /^pw_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
/** How stale `lastUsedAt` may be: spares a write for each request. */
const LAST_USED_STEP_MS = 60_000;

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

  /** Who holds this key, or undefined for any key that is wrong, expired or revoked. */
  async identify(text: string): Promise<Identity | undefined> {
    const parts = FORM.exec(text);
    if (!parts) return undefined;
    const [, id, secret] = parts as unknown as [string, string, string];
    const row = await this.dataSource.manager.findOneBy(ApiKeyEntity, { id });
    const matches = timingSafeEqual(digest(secret), Buffer.from(row?.secretDigest ?? '0'.repeat(64), 'hex'));
    if (!row || !matches || !this.valid(row)) return undefined;
    if (!row.lastUsedAt || Date.now() - row.lastUsedAt.getTime() > LAST_USED_STEP_MS) {
      await this.dataSource.manager.update(ApiKeyEntity, { id }, { lastUsedAt: new Date() });
    }
    return { keyId: row.id, client: row.client, role: row.role };
  }

  /** The identity behind a key id, if the key is still valid now. */
  async byId(id: string): Promise<Identity | undefined> {
    const row = await this.dataSource.manager.findOneBy(ApiKeyEntity, { id });
    return row && this.valid(row) ? { keyId: row.id, client: row.client, role: row.role } : undefined;
  }

  /** Revokes at once. False when there is no such key in force. */
  async revoke(id: string): Promise<boolean> {
    const result = await this.dataSource.manager.update(
      ApiKeyEntity,
      { id, revokedAt: IsNull() },
      { revokedAt: new Date() },
    );
    return result.affected === 1;
  }

  private valid(row: ApiKeyEntity): boolean {
    return !row.revokedAt && (!row.expiresAt || row.expiresAt.getTime() > Date.now());
  }

  private async insert(text: string, key: NewApiKey, ignoreExisting = false): Promise<void> {
    const parts = FORM.exec(text);
    if (!parts) throw new TypeError('An API key has the form pw_<12 of a-z0-9>_<43 of base64url>');
    const [, id, secret] = parts as unknown as [string, string, string];
    const insert = this.dataSource
      .createQueryBuilder()
      .insert()
      .into(ApiKeyEntity)
      .values({
        id,
        secretDigest: digest(secret).toString('hex'),
        client: key.client,
        role: key.role,
        note: key.note ?? null,
        createdAt: new Date(),
        expiresAt: key.expiresAt ?? null,
        revokedAt: null,
        lastUsedAt: null,
      });
    await (ignoreExisting ? insert.orIgnore() : insert).execute();
  }
}
