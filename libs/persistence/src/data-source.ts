import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { advisoryLocks } from './advisory-locks.js';
import {
  ApiKeyEntity,
  ArtifactEntity,
  BrokerUserEntity,
  ClientEntity,
  DelegationEntity,
  DeploymentEntity,
  DriftCheckEntity,
  EventEntity,
  GatewayEntity,
  LogLineEntity,
  OidcTrustEntity,
  PodCounterEntity,
  PodEntity,
  PodPauseEntity,
  PodRevisionEntity,
  QuotaEntity,
  ReleaseEntity,
  ReleaseMarkEntity,
  ResourceEntity,
  RotationEntity,
  ServerStatusEntity,
  SigningKeyEntity,
  UpdateEntity,
  UploadEntity,
  WebhookDeliveryEntity,
  WebhookEntity,
} from './entities/index.js';
import { Initial1700000000000 } from './migrations/1700000000000-initial.js';
import { Identities1790000010000 } from './migrations/1790000010000-identities.js';
import { SignedUpdates1790000020000 } from './migrations/1790000020000-signed-updates.js';
import { AuditLog1790000021000 } from './migrations/1790000021000-audit-log.js';
import { RowLevelSecurity1790000022000 } from './migrations/1790000022000-row-level-security.js';
import { Uploads1790000030000 } from './migrations/1790000030000-uploads.js';
import { BrokerUsers1790000040000 } from './migrations/1790000040000-broker-users.js';
import { Waiting1790000050000 } from './migrations/1790000050000-waiting.js';
import { Releases1790000060000 } from './migrations/1790000060000-releases.js';
import { Drift1790000061000 } from './migrations/1790000061000-drift.js';
import { WriteFences1790000070000 } from './migrations/1790000070000-write-fences.js';
import { ClientVariables1790000071000 } from './migrations/1790000071000-client-variables.js';
import { Webhooks1790000080000 } from './migrations/1790000080000-webhooks.js';
import { BrokerStreams1790000080001 } from './migrations/1790000080001-broker-streams.js';
import { Census1790000091000 } from './migrations/1790000091000-census.js';
import { Logs1790000100000 } from './migrations/1790000100000-logs.js';
import { Workers1790000110000 } from './migrations/1790000110000-workers.js';
import { ShownFences1790000111000 } from './migrations/1790000111000-shown-fences.js';
import { QueuesSeen1790000120000 } from './migrations/1790000120000-queues-seen.js';

/** A connection pool to Podway's database. */
export type Database = DataSource;

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  url: string;
  /** Most connections of this process. Default 10. */
  poolSize?: number;
  /** Shown by Postgres for this process's connections. */
  applicationName?: string;
}

/** Connects to Podway's database. The schema is changed by {@link migrate} only, never on connect. */
export async function connectDatabase(options: DatabaseOptions): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    poolSize: options.poolSize ?? 10,
    applicationName: options.applicationName ?? 'podway',
    connectTimeoutMS: 10_000,
    extra: { keepAlive: true, statement_timeout: 30_000, idle_in_transaction_session_timeout: 60_000 },
    // A connection that Postgres closed is dropped by the pool; the next query opens another.
    poolErrorHandler: () => undefined,
    entities: [
      ApiKeyEntity,
      ArtifactEntity,
      BrokerUserEntity,
      ClientEntity,
      DelegationEntity,
      DeploymentEntity,
      DriftCheckEntity,
      EventEntity,
      GatewayEntity,
      LogLineEntity,
      OidcTrustEntity,
      PodCounterEntity,
      PodEntity,
      PodPauseEntity,
      PodRevisionEntity,
      QuotaEntity,
      ReleaseEntity,
      ReleaseMarkEntity,
      ResourceEntity,
      RotationEntity,
      ServerStatusEntity,
      SigningKeyEntity,
      UpdateEntity,
      UploadEntity,
      WebhookDeliveryEntity,
      WebhookEntity,
    ],
    migrations: [
      Initial1700000000000,
      Identities1790000010000,
      SignedUpdates1790000020000,
      AuditLog1790000021000,
      RowLevelSecurity1790000022000,
      Uploads1790000030000,
      BrokerUsers1790000040000,
      Waiting1790000050000,
      Releases1790000060000,
      Drift1790000061000,
      WriteFences1790000070000,
      ClientVariables1790000071000,
      Webhooks1790000080000,
      BrokerStreams1790000080001,
      Census1790000091000,
      Logs1790000100000,
      Workers1790000110000,
      ShownFences1790000111000,
      QueuesSeen1790000120000,
    ],
    migrationsTableName: 'podway_migrations',
    synchronize: false,
    logging: false,
  });
  await dataSource.initialize();
  return dataSource;
}

/** Brings the schema up to date. Safe to run from several processes at once. Returns the names of what it ran. */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [advisoryLocks.migrations]);
    try {
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map((migration) => migration.name);
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [advisoryLocks.migrations]);
    }
  } finally {
    await runner.release();
  }
}

/** Whether every migration of this version has run. A service is not ready before. */
export async function isMigrated(dataSource: DataSource): Promise<boolean> {
  return !(await dataSource.showMigrations());
}
