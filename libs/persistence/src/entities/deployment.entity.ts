import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DeploymentState } from '@podway/contracts';

/** One update on one POD. Written by the coordinator alone. `data` is the saga's state, as the pipeline has it. */
@Entity({ schema: 'coordinator', name: 'deployments' })
export class DeploymentEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text', { name: 'update_id' })
  updateId: string;

  /** The publisher's client until the POD is resolved, then the POD's. */
  @Column('text')
  client: string;

  @Column('text', { nullable: true })
  pod: string | null;

  @Column('text')
  state: DeploymentState;

  @Column('jsonb')
  data: Record<string, unknown>;

  /** Holds the POD's lease. At most one deployment a POD does. */
  @Column('boolean', { default: false })
  leased: boolean;

  @Column('timestamptz', { nullable: true })
  deadline: Date | null;

  /** Grows with each change: an update that finds another version is made again. */
  @Column('int', { default: 1 })
  version: number;

  /** Trace of the update, for all commands of the deployment. */
  @Column('text')
  traceparent: string;

  /** Place in the POD's queue. */
  @Column('timestamptz', { name: 'submitted_at' })
  submittedAt: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;
}
