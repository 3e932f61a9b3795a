import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { KeyRole } from '@podway/contracts';

/** A user of the broker that Podway made for a client. Its password is the broker's to know. */
@Entity({ schema: 'auth', name: 'broker_users' })
export class BrokerUserEntity {
  /** As the broker has it. */
  @PrimaryColumn('text')
  name: string;

  @Column('text')
  client: string;

  @Column('text')
  role: KeyRole;

  /** The only PODs that it is good for; null for all of its client. */
  @Column('text', { array: true, nullable: true })
  pods: string[] | null;

  @Column('text', { nullable: true })
  note: string | null;

  /** Whether it may read the stream of its client's events. */
  @Column('boolean')
  stream: boolean;

  /** Id of the credential of who made it. */
  @Column('text', { name: 'created_by' })
  createdBy: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt: Date | null;
}
