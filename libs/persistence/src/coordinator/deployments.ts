import { LessThan, type DataSource } from 'typeorm';
import type { Envelope } from '@podway/contracts';
import type { BeginFacts } from '@podway/pipeline';
import type { Visible } from '../auth/access.js';
import { visibleWhere } from '../auth/visible-where.js';
import { DeploymentEntity, ReleaseEntity, ServerStatusEntity } from '../entities/index.js';
import { beginFacts } from './begin-facts.js';
import { stateOf } from './saga-writer.js';

export interface DeploymentFilter {
  /** Only what is visible. Unset: all. */
  visible?: Visible | undefined;
  client?: string;
  pod?: string;
  /** Only those in one of these states. */
  states?: readonly string[];
  updateId?: string;
  /** Only those older than this id: the next page. */
  before?: string;
  limit?: number;
}

/** What goes on in a POD. */
export interface PodActivity {
  pod: string;
  /** The deployment that owns the POD. */
  running: string | null;
  /** Deployments that wait for it. */
  queued: number;
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
    if (filter.visible !== undefined) {
      let count = 0;
      const columns = { client: 'd.client', pod: `coalesce(d.pod, d.data->'target'->>'pod')` };
      query.andWhere(
        visibleWhere(filter.visible, columns, (value) => {
          const name = `visible${(count += 1)}`;
          query.setParameter(name, value);
          return `:${name}`;
        }),
      );
    }
    return query.limit(filter.limit ?? 50).getMany();
  }

  /** A POD's releases, newest first. */
  releases(pod: string, limit = 100, before?: number): Promise<ReleaseEntity[]> {
    return this.dataSource.manager.find(ReleaseEntity, {
      where: before === undefined ? { pod } : { pod, number: LessThan(before) },
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

  /** What goes on in each of these PODs; one without an entry is at rest. */
  activity(pods: readonly string[]): Promise<PodActivity[]> {
    return this.dataSource.query(
      `select pod, max(id) filter (where leased) as running, (count(*) filter (where state = 'Queued'))::int as queued
         from coordinator.deployments where pod = any($1) and (leased or state = 'Queued') group by pod`,
      [pods],
    );
  }

  /** The canary of the POD's newest deployment that has one, other than `deploymentId`. */
  async lastCanary(pod: string, deploymentId: string): Promise<string | undefined> {
    const rows: { canary: string }[] = await this.dataSource.query(
      `select data->>'canary' as canary from coordinator.deployments
        where pod = $1 and id <> $2 and data->>'canary' is not null order by id desc limit 1`,
      [pod, deploymentId],
    );
    return rows[0]?.canary;
  }

  /** Deployments of the POD that come before this one, which waits in its queue. */
  async before(deployment: DeploymentEntity): Promise<number> {
    const [row]: { n: number }[] = await this.dataSource.query(
      `select count(*)::int as n from coordinator.deployments
        where pod = $1 and (leased or (state = 'Queued' and (submitted_at, update_id) < ($2, $3)))`,
      [deployment.pod, deployment.submittedAt, deployment.updateId],
    );
    return row?.n ?? 0;
  }

  /** What decides whether this deployment, first in its POD's queue, may begin. */
  beginFacts(deployment: DeploymentEntity): Promise<BeginFacts> {
    return beginFacts(this.dataSource.manager, deployment.pod ?? '', stateOf(deployment));
  }

  /** The newest release of each of these PODs that has one. */
  currentReleases(pods: readonly string[]): Promise<ReleaseEntity[]> {
    return this.dataSource.manager
      .createQueryBuilder(ReleaseEntity, 'r')
      .distinctOn(['r.pod'])
      .where('r.pod = any(:pods)', { pods })
      .orderBy('r.pod')
      .addOrderBy('r.number', 'DESC')
      .getMany();
  }

  /** A deployment's events of these types, in the order in which they were accepted; the newest may have no sequence yet. */
  async history(deploymentId: string, types: readonly string[], limit = 1_000): Promise<Envelope[]> {
    const rows: { envelope: Envelope }[] = await this.dataSource.query(
      `select envelope from coordinator.event_log where deployment_id = $1 and type = any($2) order by id limit $3`,
      [deploymentId, types, limit],
    );
    return rows.map((row) => row.envelope);
  }
}
