import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BundleManifest, SignedStatement, UpdateMode, UpdateSource } from '@podway/contracts';
import { bigintAsNumber } from './columns.js';

/** An accepted update, a row for each deployment that it starts. Written once, at the edge. */
@Entity({ schema: 'ingress', name: 'updates' })
export class UpdateEntity {
  /** The update's id: that of all its rows. */
  @Column('text')
  id: string;

  @PrimaryColumn('text', { name: 'deployment_id' })
  deploymentId: string;

  /** Place of the POD in the update, from 0. */
  @Column('int', { default: 0 })
  position: number;

  /** How many PODs the update names. */
  @Column('int', { default: 1 })
  size: number;

  /** How several PODs are done; null for one. */
  @Column('text', { nullable: true })
  mode: UpdateMode | null;

  /** The resource that the update named, if it did. */
  @Column('text', { nullable: true })
  resource: string | null;

  /** Windows do not hold it up. */
  @Column('boolean', { default: false })
  urgent: boolean;

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

  /** Why, in the words of who published. */
  @Column('text', { nullable: true })
  reason: string | null;

  @Column('text', { name: 'idempotency_key', nullable: true })
  idempotencyKey: string | null;

  /** SHA-256 of what was asked: the same idempotency key with another request is refused. */
  @Column('text', { name: 'request_digest' })
  requestDigest: string;

  /** What the publisher has signed about it, as it came. */
  @Column('jsonb', { nullable: true })
  statement: SignedStatement | null;

  /** The sequence in that statement. */
  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  sequence: number | null;

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

  /** Unset while its bytes are on their way into the store. */
  @Column('timestamptz', { name: 'stored_at', nullable: true })
  storedAt?: Date | null;

  /** When it was last stored or published: the time of retention runs from here. */
  @Column('timestamptz', { name: 'last_used_at', default: () => 'now()' })
  lastUsedAt?: Date;
}
