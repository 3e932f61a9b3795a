import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PodSpec } from '@podway/contracts';

/** A POD and the revision of its entry that is in force. */
@Entity({ schema: 'inventory', name: 'pods' })
export class PodEntity {
  @PrimaryColumn('text')
  name: string;

  @Column('text')
  client: string;

  @Column('int')
  revision: number;

  /** Host names whose accesses go to the POD. */
  @Column('text', { array: true })
  hosts: string[];

  /** Set when the POD left the inventory. */
  @Column('timestamptz', { name: 'removed_at', nullable: true })
  removedAt: Date | null;
}

/** One revision of a POD's entry. Never changed: a deployment works with one revision to its end. */
@Entity({ schema: 'inventory', name: 'pod_revisions' })
export class PodRevisionEntity {
  @PrimaryColumn('text')
  pod: string;

  @PrimaryColumn('int')
  revision: number;

  @Column('jsonb')
  spec: PodSpec;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  /** Id of the credential that applied it. */
  @Column('text', { name: 'created_by' })
  createdBy: string;
}
