import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DifferenceEntry, UploadKind } from '@podway/contracts';
import { bigintAsNumber } from './columns.js';

/** An upload of a client that is under way, or has become an artifact. */
@Entity({ schema: 'ingress', name: 'uploads' })
export class UploadEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text')
  kind: UploadKind;

  /** Client of the POD. */
  @Column('text')
  client: string;

  @Column('text')
  pod: string;

  @Column('text', { name: 'key_id' })
  keyId: string;

  /** Counted against the client's quota until the upload has become an artifact. */
  @Column('bigint', { transformer: bigintAsNumber })
  bytes: number;

  /** By difference: what the bundle holds. */
  @Column('jsonb', { nullable: true, select: false })
  entries?: DifferenceEntry[] | null;

  /** The artifact that it became. */
  @Column('text', { nullable: true })
  artifact: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;
}

/** Limits of one client that differ from those of the settings. */
@Entity({ schema: 'ingress', name: 'quotas' })
export class QuotaEntity {
  @PrimaryColumn('text')
  client: string;

  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  bytes: number | null;

  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  artifacts: number | null;

  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  files: number | null;

  @Column('int', { name: 'requests_per_minute', nullable: true })
  requestsPerMinute: number | null;

  @Column('bigint', { name: 'open_uploads', nullable: true, transformer: bigintAsNumber })
  openUploads: number | null;

  @Column('bigint', { name: 'waiting_updates', nullable: true, transformer: bigintAsNumber })
  waitingUpdates: number | null;
}
