import { IsNull, Not, type DataSource, type EntityManager } from 'typeorm';
import type { BundleManifest } from '@podway/contracts';
import { ArtifactEntity, UploadEntity } from '../entities/index.js';
import { withDigestLock } from './digest-lock.js';
import type { Quotas } from './quotas.js';
import { storedArtifact } from './stored-artifact.js';
import { Turns } from '../turns.js';

/** An artifact as it is written down. */
export interface NewArtifact {
  readonly client: string;
  readonly digest: string;
  readonly bytes: number;
  readonly manifest: BundleManifest;
  /** The upload that it is made of. */
  readonly uploadId?: string;
}

/** A file that an artifact of the client holds. */
export interface ArtifactFile {
  readonly sha256: string;
  readonly bytes: number;
  readonly path: string;
}

/** Where the client has a content already. */
export interface KnownFile extends ArtifactFile {
  readonly artifact: string;
}

/** Commits at once: each holds a connection to the database, of which a process has ten. */
const COMMITS_AT_ONCE = 3;
/** Rows in one statement. */
const BATCH = 5_000;

/** Which client has stored which artifact, and the files in it. The bytes are in the artifact store. */
export class ArtifactRecords {
  private readonly turns = new Turns(COMMITS_AT_ONCE);

  constructor(
    private readonly dataSource: DataSource,
    private readonly quotas: Quotas,
  ) {}

  /**
   * Writes an artifact down around `commit`, which puts its bytes into the store. Nobody collects the content from the
   * claim on. When `commit` rejects, the record is as it was before.
   * @throws QuotaExceededError before anything was committed
   */
  async keep(
    artifact: NewArtifact,
    files: readonly ArtifactFile[],
    commit: () => Promise<void>,
  ): Promise<void> {
    await this.turns.take(() =>
      withDigestLock(this.dataSource, artifact.digest, 'shared', async (manager) => {
        await this.claim(manager, artifact);
        try {
          await commit();
        } catch (error) {
          await abandon(manager, artifact);
          throw error;
        }
        await this.stored(manager, artifact, files);
      }),
    );
  }

  /** An artifact that the client has stored, or null. */
  find(client: string, digest: string): Promise<ArtifactEntity | null> {
    return storedArtifact(this.dataSource.manager, client, digest);
  }

  /** Starts the artifact's time of retention anew. False: it is not there (any more). */
  async touch(client: string, digest: string): Promise<boolean> {
    const touched = await this.dataSource.manager.update(
      ArtifactEntity,
      { client, digest, storedAt: Not(IsNull()) },
      { lastUsedAt: new Date() },
    );
    return touched.affected === 1;
  }

  /** Those of the contents that artifacts of this client hold, in at most `mostArtifacts` of them: the newest. */
  async known(client: string, contents: readonly string[], mostArtifacts: number): Promise<KnownFile[]> {
    const rows: (Omit<KnownFile, 'bytes'> & { bytes: string })[] = await this.dataSource.query(
      `with found as (
         select f.sha256, f.bytes, f.artifact, f.path from ingress.artifact_files f
          where f.client = $1 and f.sha256 = any($2::text[])),
       used as (
         select a.digest from ingress.artifacts a
          where a.client = $1 and a.stored_at is not null and a.digest in (select artifact from found)
          order by a.created_at desc limit $3)
       select * from found where artifact in (select digest from used)`,
      [client, contents, mostArtifacts],
    );
    return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
  }

  private async claim(manager: EntityManager, artifact: NewArtifact): Promise<void> {
    const { client, digest, bytes, manifest } = artifact;
    await manager.transaction(async (within) => {
      const known = await within.findOne(ArtifactEntity, {
        where: { client, digest },
        lock: { mode: 'pessimistic_write' },
      });
      if (!known) await this.quotas.admitArtifact(within, artifact);
      await within.query(
        `insert into ingress.artifacts as a (client, digest, bytes, manifest, created_at, last_used_at, claims)
         values ($1, $2, $3, $4, now(), now(), 1)
         on conflict (client, digest) do update set claims = a.claims + 1, last_used_at = now()`,
        [client, digest, bytes, JSON.stringify(manifest)],
      );
    });
  }

  private async stored(
    manager: EntityManager,
    { client, digest, bytes, uploadId }: NewArtifact,
    files: readonly ArtifactFile[],
  ): Promise<void> {
    await manager.transaction(async (within) => {
      await within.query(
        `update ingress.artifacts
            set stored_at = coalesce(stored_at, now()), last_used_at = now(), claims = greatest(claims - 1, 0)
          where client = $1 and digest = $2`,
        [client, digest],
      );
      await remember(within, client, digest, files);
      if (uploadId !== undefined) {
        await within.update(UploadEntity, { id: uploadId }, { artifact: digest, bytes, entries: null });
      }
    });
  }
}

async function abandon(manager: EntityManager, { client, digest }: NewArtifact): Promise<void> {
  await manager.transaction(async (within) => {
    await within.query(
      'update ingress.artifacts set claims = greatest(claims - 1, 0) where client = $1 and digest = $2',
      [client, digest],
    );
    await within.query(
      'delete from ingress.artifacts where client = $1 and digest = $2 and stored_at is null and claims = 0',
      [client, digest],
    );
  });
}

/** A content that is in several artifacts is found in the one that was stored last. */
async function remember(
  manager: EntityManager,
  client: string,
  artifact: string,
  files: readonly ArtifactFile[],
): Promise<void> {
  const unique = [...new Map(files.map((file) => [file.sha256, file])).values()];
  // In one order everywhere: two artifacts of a client at once must not wait for each other.
  unique.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  for (let from = 0; from < unique.length; from += BATCH) {
    const batch = unique.slice(from, from + BATCH);
    await manager.query(
      `insert into ingress.artifact_files as f (client, sha256, bytes, artifact, path)
       select $1, s, b, $2, p from unnest($3::text[], $4::bigint[], $5::text[]) as given (s, b, p)
       on conflict (client, sha256) do update set artifact = excluded.artifact, path = excluded.path`,
      [
        client,
        artifact,
        batch.map(({ sha256 }) => sha256),
        batch.map(({ bytes }) => bytes),
        batch.map(({ path }) => path),
      ],
    );
  }
}
