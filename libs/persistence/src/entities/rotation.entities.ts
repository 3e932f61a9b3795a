import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from './columns.js';

/** Whether a server takes users' accesses. A server without a row does. */
@Entity({ schema: 'ingress', name: 'rotation' })
export class RotationEntity {
  @PrimaryColumn('text')
  pod: string;

  @PrimaryColumn('text')
  server: string;

  @Column('boolean', { name: 'in_rotation' })
  inRotation: boolean;

  @Column('timestamptz', { name: 'changed_at' })
  changedAt: Date;
}

/** A gateway process: which generation of the rotation it routes by, and its running accesses per server. */
@Entity({ schema: 'ingress', name: 'gateways' })
export class GatewayEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('bigint', { name: 'seen_generation', transformer: bigintAsNumber })
  seenGeneration: number;

  /** `{"<pod>/<server>": <running accesses>}`, without zeros. */
  @Column('jsonb')
  running: Record<string, number>;

  /** Of those, how many may write: `{"<pod>": <running accesses>}`. Null: its program does not count them. */
  @Column('jsonb', { name: 'running_writes', nullable: true })
  runningWrites: Record<string, number> | null;

  @Column('timestamptz', { name: 'seen_at' })
  seenAt: Date;
}
