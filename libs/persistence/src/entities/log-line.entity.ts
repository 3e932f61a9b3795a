import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { LogLevel, Step } from '@podway/contracts';
import { bigintAsNumber } from './columns.js';

/** One line of what installers and checks have said on a server. */
@Entity({ schema: 'coordinator', name: 'log_lines' })
export class LogLineEntity {
  @PrimaryColumn('text', { name: 'deployment_id' })
  deploymentId: string;

  /** 1, 2, 3… in the order of the commits. */
  @PrimaryColumn('bigint', { transformer: bigintAsNumber })
  number: number;

  @Column('text')
  client: string;

  @Column('text')
  pod: string;

  @Column('text')
  server: string;

  @Column('text')
  step: Step;

  /** The component, or the check. */
  @Column('text')
  part: string;

  /** Which run of the part. */
  @Column('bigint', { transformer: bigintAsNumber })
  run: number;

  /** Place in the run, from 0. */
  @Column('int')
  line: number;

  @Column('text')
  level: LogLevel;

  @Column('text')
  text: string;

  @Column('timestamptz')
  at: Date;
}
