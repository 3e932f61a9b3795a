import type { DataSource, EntityManager } from 'typeorm';
import { In } from 'typeorm';
import { recordAudit } from '../audit/audit-scope.js';
import { PodEntity, PodPauseEntity } from '../entities/index.js';

/** PODs in which nothing begins. What runs goes on. */
export class PodPauses {
  constructor(private readonly dataSource: DataSource) {}

  /** Pauses the POD. One that is paused already stays so, with its first reason. */
  async pause(pod: string, pausedBy: string, reason?: string): Promise<void> {
    const pause = { pod, pausedBy, reason: reason ?? null, pausedAt: new Date() };
    await this.dataSource.transaction(async (manager) => {
      await manager.createQueryBuilder().insert().into(PodPauseEntity).values(pause).orIgnore().execute();
      await record(manager, pod);
    });
  }

  async resume(pod: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.delete(PodPauseEntity, { pod });
      await record(manager, pod);
    });
  }

  /** Those of `pods` that are paused. */
  of(pods: readonly string[]): Promise<PodPauseEntity[]> {
    return this.dataSource.manager.findBy(PodPauseEntity, { pod: In([...pods]) });
  }
}

async function record(manager: EntityManager, name: string): Promise<void> {
  const pod = await manager.findOneBy(PodEntity, { name });
  await recordAudit(manager, { ...(pod ? { client: pod.client } : {}), subject: `pod/${name}` });
}
