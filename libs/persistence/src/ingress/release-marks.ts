import { In, type DataSource, type EntityManager } from 'typeorm';
import { PodwayError, type UpdateSource } from '@podway/contracts';
import { recordAudit } from '../audit/audit-scope.js';
import { PodEntity, ReleaseMarkEntity } from '../entities/index.js';

/** The release, or one with the same content, is marked bad: it is deployed with force only. */
export class ReleaseMarkedBadError extends PodwayError {
  constructor({ pod, number, markedBy, reason }: ReleaseMarkEntity) {
    super(
      'RELEASE.MARKED_BAD',
      `Release ${number} of POD ${pod} has this content, and ${markedBy} marked it bad: ${reason}. It needs force`,
      { details: { pod, release: number } },
    );
  }
}

/** Releases that were found bad after they were verified. */
export class ReleaseMarks {
  constructor(private readonly dataSource: DataSource) {}

  /** Marks the release; a second mark takes the place of the first. */
  async mark(pod: string, number: number, markedBy: string, reason: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      // Tenants may not change rows of it: taken away and written again.
      await manager.delete(ReleaseMarkEntity, { pod, number });
      await manager.insert(ReleaseMarkEntity, { pod, number, markedBy, reason, markedAt: new Date() });
      await record(manager, pod, { release: number, reason });
    });
  }

  async unmark(pod: string, number: number): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.delete(ReleaseMarkEntity, { pod, number });
      await record(manager, pod, { release: number });
    });
  }

  /** The marks of these releases, or of all of the POD. */
  of(pod: string, numbers?: readonly number[]): Promise<ReleaseMarkEntity[]> {
    const where = numbers === undefined ? { pod } : { pod, number: In([...numbers]) };
    return this.dataSource.manager.findBy(ReleaseMarkEntity, where);
  }

  /** The newest mark of a release of the POD with the same artifact, or the same state, or null. */
  against(pod: string, source: Pick<UpdateSource, 'artifact' | 'treeId'>): Promise<ReleaseMarkEntity | null> {
    return markAgainst(this.dataSource.manager, pod, source);
  }
}

/** As {@link ReleaseMarks.against}, inside the caller's transaction. */
export async function markAgainst(
  manager: EntityManager,
  pod: string,
  { artifact, treeId }: Pick<UpdateSource, 'artifact' | 'treeId'>,
): Promise<ReleaseMarkEntity | null> {
  return manager
    .createQueryBuilder(ReleaseMarkEntity, 'm')
    .where('m.pod = :pod', { pod })
    .andWhere(
      `exists (select 1 from coordinator.releases r where r.pod = m.pod and r.number = m.number
         and (r.artifact = :artifact or r.tree_id = :treeId))`,
      { artifact: artifact ?? null, treeId: treeId ?? null },
    )
    .orderBy('m.number', 'DESC')
    .limit(1)
    .getOne();
}

async function record(manager: EntityManager, name: string, detail: Record<string, unknown>): Promise<void> {
  const pod = await manager.findOneBy(PodEntity, { name });
  await recordAudit(manager, { ...(pod ? { client: pod.client } : {}), subject: `pod/${name}`, detail });
}
