import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { StateChanges } from '@podway/contracts';

/** A verified state of a POD. */
@Entity({ schema: 'coordinator', name: 'releases' })
export class ReleaseEntity {
  @PrimaryColumn('text')
  pod: string;

  @PrimaryColumn('int')
  number: number;

  /** Id of the kept state on the servers. */
  @Column('text', { name: 'tree_id' })
  treeId: string;

  @Column('text')
  fingerprint: string;

  @Column('text', { nullable: true })
  artifact: string | null;

  /** The release that this one went back to. */
  @Column('int', { name: 'source_release', nullable: true })
  sourceRelease: number | null;

  @Column('text', { name: 'deployment_id' })
  deploymentId: string;

  @Column('text', { nullable: true })
  label: string | null;

  /** Name and version of what was installed, as its manifest has them. */
  @Column('text', { nullable: true })
  name: string | null;

  @Column('text', { nullable: true })
  version: string | null;

  /** Why it was made, in the words of who published. */
  @Column('text', { nullable: true })
  reason: string | null;

  /** How it differs from the state before, where that could be told. */
  @Column('jsonb', { nullable: true })
  changes: StateChanges | null;

  @Column('text')
  publisher: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}
