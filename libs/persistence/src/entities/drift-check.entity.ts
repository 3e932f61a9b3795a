import { Column, Entity, PrimaryColumn } from 'typeorm';

/** When a POD's servers are looked at, and the look under way. Written by the coordinator alone. */
@Entity({ schema: 'coordinator', name: 'drift_checks' })
export class DriftCheckEntity {
  @PrimaryColumn('text')
  pod: string;

  @Column('timestamptz', { name: 'due_at' })
  dueAt: Date;

  @Column('text', { name: 'last_look_id', nullable: true })
  lastLookId: string | null;

  @Column('boolean', { name: 'last_deep' })
  lastDeep: boolean;

  @Column('timestamptz', { name: 'last_at', nullable: true })
  lastAt: Date | null;

  /** Heals in a row after which servers were still not as they should be. */
  @Column('int', { name: 'heals_in_vain' })
  healsInVain: number;

  /** Why they are not healed, or no longer. */
  @Column('text', { nullable: true })
  stopped: string | null;
}
