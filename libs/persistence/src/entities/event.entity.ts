import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { bigintAsNumber } from './columns.js';

/** One public event. `sequence` is given by the relay after the commit, without gaps, and never changes. */
@Entity({ schema: 'coordinator', name: 'event_log' })
export class EventEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id: string;

  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  sequence: number | null;

  @Column('text')
  client: string;

  @Column('text', { nullable: true })
  pod: string | null;

  @Column('text', { name: 'deployment_id', nullable: true })
  deploymentId: string | null;

  @Column('text')
  type: string;

  /** CloudEvents envelope without its sequence. */
  @Column('jsonb')
  envelope: Record<string, unknown>;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('boolean', { default: false })
  published: boolean;
}
