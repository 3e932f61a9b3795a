import type { DataSource } from 'typeorm';
import { DeploymentEntity, ReleaseEntity, ServerStatusEntity } from '../entities/index.js';

export interface DeploymentFilter {
  client?: string;
  pod?: string;
  /** Only those in one of these states. */
  states?: readonly string[];
  updateId?: string;
  /** Only those older than this id: the next page. */
  before?: string;
  limit?: number;
}

/** Reads what the coordinator wrote. Nothing here changes it. */
export class DeploymentReader {
  constructor(private readonly dataSource: DataSource) {}

  byId(id: string): Promise<DeploymentEntity | null> {
    return this.dataSource.manager.findOneBy(DeploymentEntity, { id });
  }

  /** Newest first. */
  list(filter: DeploymentFilter): Promise<DeploymentEntity[]> {
    const query = this.dataSource.manager.createQueryBuilder(DeploymentEntity, 'd').orderBy('d.id', 'DESC');
    if (filter.client !== undefined) query.andWhere('d.client = :client', { client: filter.client });
    if (filter.pod !== undefined) query.andWhere('d.pod = :pod', { pod: filter.pod });
    if (filter.states !== undefined) query.andWhere('d.state = any(:states)', { states: filter.states });
    if (filter.updateId !== undefined)
      query.andWhere('d.update_id = :updateId', { updateId: filter.updateId });
    if (filter.before !== undefined) query.andWhere('d.id < :before', { before: filter.before });
    return query.limit(filter.limit ?? 50).getMany();
  }

  /** A POD's releases, newest first. */
  releases(pod: string, limit = 100): Promise<ReleaseEntity[]> {
    return this.dataSource.manager.find(ReleaseEntity, {
      where: { pod },
      order: { number: 'DESC' },
      take: limit,
    });
  }

  release(pod: string, number: number): Promise<ReleaseEntity | null> {
    return this.dataSource.manager.findOneBy(ReleaseEntity, { pod, number });
  }

  /** What was last proved of the POD's servers. */
  serverStatus(pod: string): Promise<ServerStatusEntity[]> {
    return this.dataSource.manager.find(ServerStatusEntity, { where: { pod }, order: { server: 'ASC' } });
  }
}
