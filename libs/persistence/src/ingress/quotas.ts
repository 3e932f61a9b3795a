import type { DataSource, EntityManager } from 'typeorm';
import type { QuotaLimits, QuotaUse } from '@podway/contracts';
import { QuotaEntity } from '../entities/index.js';
import { QuotaExceededError, RateExceededError } from './quota.errors.js';

/** What a new artifact, or a new upload, adds to what a client has. */
export interface StorageWish {
  readonly client: string;
  readonly bytes: number;
  /** This upload becomes the artifact: what is reserved for it does not count twice. */
  readonly uploadId?: string;
}

const limitNames = [
  'bytes',
  'artifacts',
  'files',
  'requestsPerMinute',
  'openUploads',
  'waitingUpdates',
] as const;

/** Limits of clients and what they use of them. What is admitted in a transaction is right under concurrency. */
export class Quotas {
  constructor(
    private readonly dataSource: DataSource,
    /** For clients, and limits, without an entry of their own. */
    private readonly defaults: QuotaLimits,
  ) {}

  async limits(client: string, manager = this.dataSource.manager): Promise<QuotaLimits> {
    const own = await manager.findOneBy(QuotaEntity, { client });
    const limits = limitNames.map((name) => [name, own?.[name] ?? this.defaults[name]]);
    return Object.fromEntries(limits) as unknown as QuotaLimits;
  }

  /** The client's own limits; what is left out has the default. */
  async set(client: string, limits: Partial<QuotaLimits>): Promise<void> {
    const row = Object.fromEntries(limitNames.map((name) => [name, limits[name] ?? null]));
    await this.dataSource.manager.upsert(QuotaEntity, { client, ...row }, ['client']);
  }

  async used(client: string, manager = this.dataSource.manager): Promise<QuotaUse> {
    const [row]: Record<keyof QuotaUse, string>[] = await manager.query(
      `select (select coalesce(sum(bytes), 0) from ingress.artifacts where client = $1)
            + (select coalesce(sum(bytes), 0) from ingress.uploads
                where client = $1 and artifact is null and expires_at > now()) as "bytes",
              (select count(*) from ingress.artifacts where client = $1) as "artifacts",
              (select count(*) from ingress.uploads
                where client = $1 and artifact is null and expires_at > now()) as "openUploads",
              (select count(*) from coordinator.deployments
                where client = $1 and state in ('Authenticating', 'Resolving', 'Queued'))
            + (select count(*) from ingress.updates u
                where client = $1 and created_at > now() - interval '1 day'
                  and not exists (select 1 from coordinator.deployments d where d.update_id = u.id))
                as "waitingUpdates"`,
      [client],
    );
    const use = Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]);
    return Object.fromEntries(use) as unknown as QuotaUse;
  }

  /** Admits an artifact. In the transaction that writes it down. @throws QuotaExceededError */
  async admitArtifact(manager: EntityManager, { client, bytes, uploadId }: StorageWish): Promise<void> {
    const { limits, used } = await this.locked(manager, client);
    const reserved = await reservedFor(manager, uploadId);
    const others = used.bytes - reserved;
    if (others + bytes > limits.bytes) throw new QuotaExceededError('BYTES', others, bytes, limits.bytes);
    if (used.artifacts + 1 > limits.artifacts)
      throw new QuotaExceededError('ARTIFACTS', used.artifacts, 1, limits.artifacts);
  }

  /** Admits an upload. In the transaction that writes it down. @throws QuotaExceededError */
  async admitUpload(manager: EntityManager, { client, bytes }: StorageWish): Promise<void> {
    const { limits, used } = await this.locked(manager, client);
    if (used.bytes + bytes > limits.bytes)
      throw new QuotaExceededError('BYTES', used.bytes, bytes, limits.bytes);
    if (used.openUploads + 1 > limits.openUploads)
      throw new QuotaExceededError('OPEN_UPLOADS', used.openUploads, 1, limits.openUploads);
  }

  /** Admits deployments of an update to those that wait. In the transaction that accepts it. @throws QuotaExceededError */
  async admitUpdates(manager: EntityManager, client: string, count: number): Promise<void> {
    const { limits, used } = await this.locked(manager, client);
    if (used.waitingUpdates + count > limits.waitingUpdates)
      throw new QuotaExceededError('WAITING_UPDATES', used.waitingUpdates, count, limits.waitingUpdates);
  }

  /**
   * Takes one token out of the client's bucket, which holds a minute's worth and fills steadily. All gateways share it.
   * @throws RateExceededError
   */
  async takeToken(client: string): Promise<void> {
    const { requestsPerMinute: most } = await this.limits(client);
    const full = `least($2::float8, coalesce(q.tokens, $2::float8)
      + extract(epoch from clock_timestamp() - coalesce(q.refilled_at, clock_timestamp())) * $2::float8 / 60)`;
    const taken: unknown[] = await this.dataSource.query(
      `insert into ingress.quota_use as q (client, tokens, refilled_at) values ($1, $2::float8 - 1, clock_timestamp())
       on conflict (client) do update set tokens = ${full} - 1, refilled_at = clock_timestamp()
         where ${full} >= 1 returning 1`,
      [client, most],
    );
    if (taken.length > 0) return;
    const [row]: { tokens: number }[] = await this.dataSource.query(
      `select ${full} as tokens from ingress.quota_use q where client = $1`,
      [client, most],
    );
    const missing = Math.max(0, 1 - (row?.tokens ?? 0));
    throw new RateExceededError(most, Math.ceil((missing * 60_000) / most));
  }

  /** The row's lock makes what follows in the transaction happen one after the other for a client. */
  private async locked(
    manager: EntityManager,
    client: string,
  ): Promise<{ limits: QuotaLimits; used: QuotaUse }> {
    await manager.query('insert into ingress.quota_use (client) values ($1) on conflict do nothing', [
      client,
    ]);
    await manager.query('select 1 from ingress.quota_use where client = $1 for update', [client]);
    return { limits: await this.limits(client, manager), used: await this.used(client, manager) };
  }
}

async function reservedFor(manager: EntityManager, uploadId: string | undefined): Promise<number> {
  if (uploadId === undefined) return 0;
  const [row]: { bytes: string }[] = await manager.query(
    'select bytes from ingress.uploads where id = $1 and artifact is null and expires_at > now()',
    [uploadId],
  );
  return Number(row?.bytes ?? 0);
}
