import { Column, Entity, PrimaryColumn } from 'typeorm';

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
}
