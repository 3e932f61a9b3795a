import { MoreThan, type DataSource } from 'typeorm';
import type { DifferenceEntry } from '@podway/contracts';
import { UploadEntity } from '../entities/index.js';
import type { Quotas } from './quotas.js';

export type NewUpload = Omit<UploadEntity, 'artifact' | 'createdAt'>;

/** Uploads that are under way, and what they became. An expired one is gone. */
export class Uploads {
  constructor(
    private readonly dataSource: DataSource,
    private readonly quotas: Quotas,
  ) {}

  /** Writes a new upload down and reserves its bytes. @throws QuotaExceededError */
  async open(upload: NewUpload): Promise<UploadEntity> {
    return this.dataSource.transaction(async (manager) => {
      await this.quotas.admitUpload(manager, upload);
      const row = { ...upload, artifact: null, createdAt: new Date() };
      await manager.insert(UploadEntity, row as never);
      return row;
    });
  }

  byId(id: string): Promise<UploadEntity | null> {
    return this.dataSource.manager.findOneBy(UploadEntity, { id, expiresAt: MoreThan(new Date()) });
  }

  /** What a bundle that is uploaded by difference holds. */
  async entries(id: string): Promise<DifferenceEntry[]> {
    const row = await this.dataSource.manager.findOne(UploadEntity, {
      where: { id },
      select: { id: true, entries: true },
    });
    return row?.entries ?? [];
  }

  async remove(id: string): Promise<void> {
    await this.dataSource.manager.delete(UploadEntity, { id });
  }

  /** Removes expired uploads and tells which. */
  async removeExpired(): Promise<string[]> {
    const [rows]: [{ id: string }[]] = await this.dataSource.query(
      'delete from ingress.uploads where expires_at < now() returning id',
    );
    return rows.map(({ id }) => id);
  }

  async countExpired(): Promise<number> {
    const [row]: { count: number }[] = await this.dataSource.query(
      'select count(*)::int as count from ingress.uploads where expires_at < now()',
    );
    return row?.count ?? 0;
  }

  /** Which of these are not there, expired or not. */
  async unknown(ids: readonly string[]): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      `select id from unnest($1::text[]) as given (id)
        where not exists (select 1 from ingress.uploads u where u.id = given.id)`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }
}
