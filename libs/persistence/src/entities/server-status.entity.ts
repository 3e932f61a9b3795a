import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ServerFinding, StateChanges } from '@podway/contracts';

/** What was last proved of a server. Written by the coordinator from the outcomes that it accepted. */
@Entity({ schema: 'coordinator', name: 'server_status' })
export class ServerStatusEntity {
  @PrimaryColumn('text')
  pod: string;

  @PrimaryColumn('text')
  server: string;

  @Column('int', { nullable: true })
  release: number | null;

  @Column('text', { nullable: true })
  fingerprint: string | null;

  /** Out of rotation until it has caught up. */
  @Column('boolean', { default: false })
  quarantined: boolean;

  /** Why it is quarantined. */
  @Column('text', { nullable: true })
  reason: string | null;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt: Date;

  /** What the last look found. */
  @Column('text', { nullable: true })
  finding: ServerFinding | null;

  @Column('timestamptz', { name: 'checked_at', nullable: true })
  checkedAt: Date | null;

  /** Of its live state, as the last look that could tell it found it. */
  @Column('text', { name: 'live_fingerprint', nullable: true })
  liveFingerprint: string | null;

  @Column('timestamptz', { name: 'drifted_since', nullable: true })
  driftedSince: Date | null;

  /** How it differs from the release. */
  @Column('jsonb', { nullable: true })
  changes: StateChanges | null;

  /** Why its state could not be told. */
  @Column('text', { nullable: true })
  code: string | null;

  @Column('text', { nullable: true })
  detail: string | null;
}
