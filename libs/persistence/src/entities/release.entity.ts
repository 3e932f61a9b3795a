import { Column, Entity, PrimaryColumn } from 'typeorm';

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

  @Column('text')
  publisher: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}
