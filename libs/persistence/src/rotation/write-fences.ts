import type { DataSource, EntityManager } from 'typeorm';
import { untilSettled, type DrainProgress } from './drain-progress.js';
import { GATEWAY_GONE_MS, nextGeneration, setRotation } from './rotation.js';

/** Users may not write to the POD, for the time of this deployment. */
export interface WriteFence {
  readonly deploymentId: string;
  readonly since: Date;
}

/**
 * PODs to which users may not write for the time of a deployment: its worker sets the fence, gateways keep it.
 *
 * A fence holds as long as its deployment owns the POD, and not a moment longer: nobody can forget to lift it, and one
 * that is set too late holds nothing up.
 */
export class WriteFences {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Sets the fence on behalf of a deployment.
   * @returns the generation that gateways must have seen for it to be in force.
   * @throws RotationFencedError when a newer command came first.
   */
  set(pod: string, deploymentId: string, fencingToken: number): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const generation = await setRotation(manager, pod, new Map(), fencingToken);
      await manager.query(
        `insert into ingress.write_fences (pod, deployment_id) values ($1, $2)
         on conflict (pod) do update set deployment_id = $2,
           fenced_at = case when write_fences.deployment_id = $2 then write_fences.fenced_at else now() end`,
        [pod, deploymentId],
      );
      return generation;
    });
  }

  /**
   * Waits until every live gateway keeps the fence and no write to the POD runs, or the time is over. A gateway that
   * does not count writes, because its program is older, counts as one that does not follow.
   */
  settled(pod: string, generation: number, timeoutMs: number, signal?: AbortSignal): Promise<DrainProgress> {
    return untilSettled(() => this.progress(pod, generation), timeoutMs, signal);
  }

  /** The fence that is in force on the POD now. */
  async of(pod: string): Promise<WriteFence | undefined> {
    const [fence]: WriteFence[] = await this.dataSource.query(
      `select f.deployment_id as "deploymentId", f.fenced_at as since from ingress.write_fences f
         join coordinator.deployments d on d.id = f.deployment_id and d.leased where f.pod = $1`,
      [pod],
    );
    return fence;
  }

  private async progress(pod: string, generation: number): Promise<DrainProgress> {
    const [row]: { acknowledged: boolean; running: number }[] = await this.dataSource.query(
      `select coalesce(bool_and(seen_generation >= $2 and running_writes is not null), true) as acknowledged,
              coalesce(sum((running_writes->>$1)::int), 0)::int as running
         from ingress.gateways where seen_at > now() - $3 * interval '1 millisecond'`,
      [pod, generation, GATEWAY_GONE_MS],
    );
    return row ?? { acknowledged: false, running: 0 };
  }
}

/** The deployment gives its POD back: gateways let writes through again. In the transaction that ends it. */
export async function liftWriteFence(manager: EntityManager, pod: string): Promise<void> {
  const [, lifted]: [unknown, number] = await manager.query(
    'delete from ingress.write_fences where pod = $1',
    [pod],
  );
  if (lifted > 0) await nextGeneration(manager);
}
