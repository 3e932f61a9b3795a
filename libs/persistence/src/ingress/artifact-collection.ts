import type { DataSource, EntityManager } from 'typeorm';
import { finishedStates, type ArtifactView } from '@podway/contracts';
import { advisoryLocks } from '../advisory-locks.js';
import { keptReleases } from '../coordinator/kept-releases.js';
import { withDigestLock, withOnlyLock } from './digest-lock.js';

export interface CollectedArtifact {
  readonly client: string;
  readonly digest: string;
  readonly bytes: number;
}

/** What must not be collected: kept releases, deployments that have not ended, updates that have not begun. */
const needed = `
  select client, artifact as digest from (${keptReleases}) kept where artifact is not null
  union select client, data->'source'->>'artifact' from coordinator.deployments
         where state not in (${finishedStates.map((state) => `'${state}'`).join(', ')})
  union select d.client, r.artifact from coordinator.deployments d
          join coordinator.releases r on r.pod = d.pod and r.number = (d.data->'source'->>'release')::int
         where d.state not in (${finishedStates.map((state) => `'${state}'`).join(', ')})
  union select client, source->>'artifact' from ingress.updates u
         where not exists (select 1 from coordinator.deployments d where d.id = u.deployment_id)`;

/** One whose bytes are still on their way into the store is left for a day: only a killed gateway leaves it so. */
const collectable = `a.last_used_at < $1 and (a.claims = 0 or a.last_used_at < now() - interval '1 day')
  and not exists (select 1 from needed n where n.client = a.client and n.digest = a.digest)`;

/** Finds and forgets artifacts that nothing needs any more. */
export class ArtifactCollection {
  constructor(private readonly dataSource: DataSource) {}

  /** Runs `work` unless another gateway collects now; undefined then. */
  alone<T>(work: () => Promise<T>): Promise<T | undefined> {
    return withOnlyLock(this.dataSource, advisoryLocks.collection, work);
  }

  /** Records that {@link forget} would remove. */
  async candidates(unusedSince: Date): Promise<CollectedArtifact[]> {
    return numbered(
      await this.dataSource.query(
        `with needed as (${needed})
         select a.client, a.digest, a.bytes from ingress.artifacts a where ${collectable} order by 1, 2`,
        [unusedSince],
      ),
    );
  }

  /**
   * Removes the records of artifacts that were not used since then and that nothing needs, and tells which. One that is
   * used at this moment stays: its row is looked at again after the wait for it.
   */
  async forget(unusedSince: Date): Promise<CollectedArtifact[]> {
    return numbered(
      await this.dataSource.query(
        `with needed as (${needed}),
         gone as (delete from ingress.artifacts a where ${collectable} returning a.client, a.digest, a.bytes),
         files as (delete from ingress.artifact_files f using gone g
                    where f.client = g.client and f.artifact = g.digest)
         select * from gone order by 1, 2`,
        [unusedSince],
      ),
    );
  }

  /** Those of the digests that no client has a record of. */
  async unrecorded(
    digests: readonly string[],
    manager: EntityManager = this.dataSource.manager,
  ): Promise<string[]> {
    const rows: { digest: string }[] = await manager.query(
      `select digest from unnest($1::text[]) as given (digest)
        where not exists (select 1 from ingress.artifacts a where a.digest = given.digest)`,
      [digests],
    );
    return rows.map(({ digest }) => digest);
  }

  /** Removes the bytes unless a record says by now that somebody has, or is about to have, this content. */
  removeBytes(digest: string, remove: () => Promise<void>): Promise<boolean> {
    return withDigestLock(this.dataSource, digest, 'exclusive', async (manager) => {
      const [unrecorded] = await this.unrecorded([digest], manager);
      if (unrecorded === undefined) return false;
      await remove();
      return true;
    });
  }

  /** Stored artifacts, newest first. */
  async list(client: string | undefined, limit: number): Promise<ArtifactView[]> {
    const rows: (Omit<ArtifactView, 'bytes' | 'createdAt' | 'lastUsedAt'> & {
      bytes: string;
      createdAt: Date;
      lastUsedAt: Date;
    })[] = await this.dataSource.query(
      `with needed as (${needed})
       select a.client, a.digest, a.bytes, a.manifest->>'name' as name, a.manifest->>'version' as version,
              a.created_at as "createdAt", a.last_used_at as "lastUsedAt",
              exists (select 1 from needed n where n.client = a.client and n.digest = a.digest) as needed
         from ingress.artifacts a
        where a.stored_at is not null and ($1::text is null or a.client = $1)
        order by a.created_at desc, a.digest limit $2`,
      [client ?? null, limit],
    );
    return rows.map((row) => ({
      ...row,
      bytes: Number(row.bytes),
      createdAt: row.createdAt.toISOString(),
      lastUsedAt: row.lastUsedAt.toISOString(),
    }));
  }
}

function numbered(rows: readonly { client: string; digest: string; bytes: string }[]): CollectedArtifact[] {
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}
