import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A release that is not to be deployed again. */
@Entity({ schema: 'ingress', name: 'release_marks' })
export class ReleaseMarkEntity {
  @PrimaryColumn('text')
  pod: string;

  @PrimaryColumn('int')
  number: number;

  /** Id of the credential. */
  @Column('text', { name: 'marked_by' })
  markedBy: string;

  @Column('text')
  reason: string;

  @Column('timestamptz', { name: 'marked_at' })
  markedAt: Date;
}
