import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from './columns.js';

/** What only ever grows for a POD. The row's lock orders everything that happens to the POD's queue. */
@Entity({ schema: 'coordinator', name: 'pod_counters' })
export class PodCounterEntity {
  @PrimaryColumn('text')
  pod: string;

  @Column('bigint', { name: 'fencing_token', default: 0, transformer: bigintAsNumber })
  fencingToken: number;

  @Column('int', { name: 'release_number', default: 0 })
  releaseNumber: number;
}
