import { In, IsNull, type DataSource } from 'typeorm';
import { PodwayError } from '@podway/contracts';
import { publicSigningKey, signingKeyId } from '@podway/contracts/signatures';
import { recordAudit } from '../audit/audit-scope.js';
import { SigningKeyEntity } from '../entities/index.js';

export interface NewSigningKey {
  client: string;
  /** PEM, SPKI. */
  publicKey: string;
  note?: string;
  expiresAt?: Date;
}

/** The key is there already: this client's, another's, or revoked. A revoked key does not come back. */
export class SigningKeyExistsError extends PodwayError {
  constructor(id: string) {
    super('SIGNING_KEY.EXISTS', `The signing key ${id} is there already; make a new pair`, {
      details: { id },
    });
  }
}

/** Public keys that sign updates of clients. */
export class SigningKeys {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws SignatureRefusedError SIGNATURE.KEY_UNFIT; SigningKeyExistsError. */
  async add({ client, publicKey, note, expiresAt }: NewSigningKey): Promise<SigningKeyEntity> {
    const key = publicSigningKey(publicKey);
    const row: SigningKeyEntity = {
      id: signingKeyId(key),
      client,
      publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
      note: note ?? null,
      createdAt: new Date(),
      expiresAt: expiresAt ?? null,
      revokedAt: null,
    };
    await this.dataSource.transaction(async (manager) => {
      const insert = manager.createQueryBuilder().insert().into(SigningKeyEntity).values(row).orIgnore();
      const written = await insert.returning('id').execute();
      if ((written.raw as unknown[]).length === 0) throw new SigningKeyExistsError(row.id);
      await recordAudit(manager, { client, subject: `signing-key/${row.id}`, detail: { expiresAt } });
    });
    return row;
  }

  /** All of a client, or of all clients; the newest first, revoked ones too. */
  list(client?: string): Promise<SigningKeyEntity[]> {
    const where = client === undefined ? {} : { client };
    return this.dataSource.manager.find(SigningKeyEntity, { where, order: { createdAt: 'DESC', id: 'ASC' } });
  }

  /** Those of these keys that are known, in force or not. */
  byIds(ids: readonly string[]): Promise<SigningKeyEntity[]> {
    return this.dataSource.manager.findBy(SigningKeyEntity, { id: In([...ids]) });
  }

  /** Revokes at once. False when there is no such key in force. */
  async revoke(id: string): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const revokedAt = new Date();
      const { affected } = await manager.update(SigningKeyEntity, { id, revokedAt: IsNull() }, { revokedAt });
      if (affected !== 1) return false;
      const { client } = await manager.findOneByOrFail(SigningKeyEntity, { id });
      await recordAudit(manager, { client, subject: `signing-key/${id}` });
      return true;
    });
  }
}
