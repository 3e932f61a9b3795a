import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BundleManifest, UpdateSource } from '@podway/contracts';
import { bigintAsNumber } from './columns.js';

/** An accepted update. Written once, at the edge. */
@Entity({ schema: 'ingress', name: 'updates' })
export class UpdateEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text', { name: 'deployment_id' })
  deploymentId: string;

  @Column('text')
  client: string;

  @Column('text', { name: 'key_id' })
  keyId: string;

  @Column('text')
  pod: string;

  @Column('jsonb')
  source: UpdateSource;

  @Column('text', { nullable: true })
  label: string | null;

  @Column('text', { name: 'idempotency_key', nullable: true })
  idempotencyKey: string | null;

  /** SHA-256 of what was asked: the same idempotency key with another request is refused. */
  @Column('text', { name: 'request_digest' })
  requestDigest: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}

/** A stored artifact that was found valid, and its manifest. The bytes are in the artifact store. */
@Entity({ schema: 'ingress', name: 'artifacts' })
export class ArtifactEntity {
  @PrimaryColumn('text')
  client: string;

  @PrimaryColumn('text')
  digest: string;

  @Column('bigint', { transformer: bigintAsNumber })
  bytes: number;

  @Column('jsonb')
  manifest: BundleManifest;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}
