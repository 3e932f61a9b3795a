import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UpdateMode } from '@podway/contracts';

/** A POD in which nothing begins until somebody resumes it. */
@Entity({ schema: 'ingress', name: 'pod_pauses' })
export class PodPauseEntity {
  @PrimaryColumn('text')
  pod: string;

  /** Id of the credential. */
  @Column('text', { name: 'paused_by' })
  pausedBy: string;

  @Column('text', { nullable: true })
  reason: string | null;

  @Column('timestamptz', { name: 'paused_at' })
  pausedAt: Date;
}

/** What a client calls its own, and the PODs that serve it. */
@Entity({ schema: 'inventory', name: 'resources' })
export class ResourceEntity {
  @PrimaryColumn('text')
  client: string;

  @PrimaryColumn('text')
  name: string;

  @Column('text', { array: true })
  pods: string[];

  @Column('text', { nullable: true })
  mode: UpdateMode | null;
}
