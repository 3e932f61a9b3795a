import { ulid } from 'ulid';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  age,
  artifactOf,
  digestOf,
  insertDeploymentOf,
  insertPod,
  insertRelease,
  roomy,
} from '../../test/artifacts.js';
import { useDatabase } from '../../test/database.js';
import { KeptReleases } from '../coordinator/kept-releases.js';
import { ArtifactCollection } from './artifact-collection.js';
import { ArtifactRecords } from './artifact-records.js';
import { Quotas } from './quotas.js';

const DAY = 86_400_000;
const anHourAgo = (): Date => new Date(Date.now() - 3_600_000);

describe('collecting artifacts', () => {
  const db = useDatabase();
  let records: ArtifactRecords;
  let collection: ArtifactCollection;
  /** Stands for the artifact store: what has bytes. */
  let bytes: Set<string>;
  beforeEach(() => {
    records = new ArtifactRecords(db.dataSource, new Quotas(db.dataSource, roomy));
    collection = new ArtifactCollection(db.dataSource);
    bytes = new Set();
  });

  async function put(text: string, client = 'acme'): Promise<string> {
    const artifact = artifactOf(client, text);
    await records.keep(artifact, [{ sha256: digestOf(`in ${text}`), bytes: 1, path: 'x' }], async () => {
      bytes.add(artifact.digest);
    });
    return artifact.digest;
  }
  async function old(text: string, client = 'acme'): Promise<string> {
    const digest = await put(text, client);
    await age(db.dataSource, digest, DAY);
    return digest;
  }
  async function collect(): Promise<string[]> {
    const gone = await collection.forget(anHourAgo());
    for (const { digest } of gone)
      await collection.removeBytes(digest, async () => void bytes.delete(digest));
    return gone.map(({ digest }) => digest);
  }
  /** Whether the client has it, and its bytes are there. */
  const whole = async (digest: string, client = 'acme'): Promise<boolean> =>
    (await records.find(client, digest)) !== null && bytes.has(digest);

  it('takes what was not used for the time of retention, with the files in it', async () => {
    const [gone, fresh] = [await old('old'), await put('fresh')];
    expect(await collection.candidates(anHourAgo())).toEqual([{ client: 'acme', digest: gone, bytes: 10 }]);
    expect(await collect()).toEqual([gone]);
    expect(bytes).toEqual(new Set([fresh]));
    expect(await records.known('acme', [digestOf('in old'), digestOf('in fresh')], 9)).toEqual([
      { sha256: digestOf('in fresh'), bytes: 1, path: 'x', artifact: fresh },
    ]);
    expect(await collect()).toEqual([]);
  });

  it('leaves what the newest kept releases are made of', async () => {
    await insertPod(db.dataSource, 'shop', 'acme', 2);
    const [r1, r2, r3] = [await old('r1'), await old('r2'), await old('r3')];
    await insertRelease(db.dataSource, { pod: 'shop', number: 1, artifact: r1 });
    await insertRelease(db.dataSource, { pod: 'shop', number: 2, artifact: r2 });
    await insertRelease(db.dataSource, { pod: 'shop', number: 3, artifact: r3 });
    expect(await collect()).toEqual([r1]);
    expect(await new KeptReleases(db.dataSource).of('shop')).toEqual([3, 2]);
  });

  it('counts states, not releases: going back makes a state the newest', async () => {
    await insertPod(db.dataSource, 'shop', 'acme', 2);
    const all = [await old('r1'), await old('r2'), await old('r3')];
    for (const [at, artifact] of all.entries())
      await insertRelease(db.dataSource, { pod: 'shop', number: at + 1, artifact });
    await insertRelease(db.dataSource, { pod: 'shop', number: 4, tree: 'tree-2', artifact: all[1]! });
    await insertRelease(db.dataSource, { pod: 'shop', number: 5, tree: 'tree-2', artifact: all[1]! });
    expect(await new KeptReleases(db.dataSource).of('shop')).toEqual([5, 4, 3, 2]);
    expect(await collect()).toEqual([all[0]]);
  });

  it.each(['Queued', 'Installing', 'RollingBack'])(
    'leaves what a deployment in %s goes to',
    async (state) => {
      await insertPod(db.dataSource, 'shop', 'acme', 1);
      const [going, back, current] = [await old('going'), await old('back'), await old('current')];
      await insertRelease(db.dataSource, { pod: 'shop', number: 1, artifact: back });
      await insertRelease(db.dataSource, { pod: 'shop', number: 2, artifact: current });
      await insertDeploymentOf(db.dataSource, state, { kind: 'artifact', artifact: going });
      await insertDeploymentOf(db.dataSource, state, { kind: 'release', release: 1 });
      expect(await collect()).toEqual([]);
      await db.dataSource.query(`update coordinator.deployments set state = 'Failed'`);
      expect((await collect()).sort()).toEqual([going, back].sort());
    },
  );

  it('leaves what an accepted update needs that has not begun', async () => {
    const digest = await old('accepted');
    const [updateId, id] = [ulid(), ulid()];
    await db.dataSource.query(
      `insert into ingress.updates (id, deployment_id, client, key_id, pod, source, request_digest, created_at)
       values ($1, $2, 'acme', 'k', 'shop', $3, 'd', now())`,
      [updateId, id, JSON.stringify({ kind: 'artifact', artifact: digest })],
    );
    expect(await collect()).toEqual([]);
    // Another POD of the same update has ended; this one has not begun.
    await insertDeploymentOf(
      db.dataSource,
      'RolledBack',
      { kind: 'artifact', artifact: digest },
      { updateId },
    );
    expect(await collect()).toEqual([]);
    await insertDeploymentOf(
      db.dataSource,
      'RolledBack',
      { kind: 'artifact', artifact: digest },
      { updateId, id },
    );
    expect(await collect()).toEqual([digest]);
  });

  it('leaves the bytes while another client has them', async () => {
    const digest = await old('shared', 'acme');
    await put('shared', 'rival');
    expect(await collect()).toEqual([digest]);
    expect(await whole(digest, 'rival')).toBe(true);
    expect(await records.find('acme', digest)).toBeNull();
  });

  it('does not take what is used at the moment in which it looks', async () => {
    const digest = await old('used');
    const runner = db.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('update ingress.artifacts set last_used_at = now() where digest = $1', [digest]);
    const collecting = collect();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await runner.commitTransaction();
    await runner.release();
    expect(await collecting).toEqual([]);
    expect(await whole(digest)).toBe(true);
  });

  it('lets one that is stored again while it is being removed win, in every order', async () => {
    // The record is gone, its bytes are not yet: the upload comes before, during and after their removal.
    for (const when of ['before', 'during', 'after'] as const) {
      const digest = await old(`again ${when}`);
      await collection.forget(anHourAgo());
      let again: Promise<string> | undefined;
      if (when === 'before') await put(`again ${when}`);
      await collection.removeBytes(digest, async () => {
        if (when === 'during') again = put(`again ${when}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
        bytes.delete(digest);
      });
      if (when === 'after') await put(`again ${when}`);
      await again;
      expect(await whole(digest), when).toBe(true);
    }
  });

  it('waits for an upload that is between its record and its bytes', async () => {
    const { digest } = artifactOf('acme', 'slow');
    let commit = (): void => undefined;
    const committing = new Promise<void>((resolve) => (commit = resolve));
    let claimed = (): void => undefined;
    const isClaimed = new Promise<void>((resolve) => (claimed = resolve));
    const putting = records.keep(artifactOf('acme', 'slow'), [], async () => {
      claimed();
      await committing;
      bytes.add(digest);
    });
    await isClaimed;
    expect(await records.find('acme', digest)).toBeNull();
    await age(db.dataSource, digest, 7_200_000);
    expect(await collection.forget(anHourAgo())).toEqual([]);
    const removing = collection.removeBytes(digest, async () => void bytes.delete(digest));
    commit();
    await putting;
    expect(await removing).toBe(false);
    expect(await whole(digest)).toBe(true);
  });

  it('never loses what is stored, whatever happens at once', async () => {
    const texts = ['a', 'b', 'c'];
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(texts.map((text) => old(text)));
      const put2 = texts.map((text) => put(text, round % 2 ? 'acme' : 'rival'));
      await Promise.all([...put2, collect(), collect()]);
      for (const text of texts) {
        const client = round % 2 ? 'acme' : 'rival';
        expect(await whole(digestOf(text), client), `${text} in round ${round}`).toBe(true);
      }
      await db.dataSource.query('truncate ingress.artifacts, ingress.artifact_files');
      bytes.clear();
    }
  });

  it('is done by one gateway at a time', async () => {
    const other = new ArtifactCollection(await db.another());
    const inner = await collection.alone(async () => other.alone(async () => 'both'));
    expect(inner).toBeUndefined();
    expect(await other.alone(async () => 'then')).toBe('then');
  });
});
