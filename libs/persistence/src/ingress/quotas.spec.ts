import { ulid } from 'ulid';
import { beforeEach, describe, expect, it } from 'vitest';
import { artifactOf, insertDeploymentOf, roomy } from '../../test/artifacts.js';
import { useDatabase } from '../../test/database.js';
import { ArtifactRecords } from './artifact-records.js';
import { Quotas } from './quotas.js';
import { Uploads, type NewUpload } from './uploads.js';

const stored = async (): Promise<void> => undefined;
const inAnHour = (): Date => new Date(Date.now() + 3_600_000);

function upload(bytes: number, client = 'acme'): NewUpload {
  return { id: ulid(), kind: 'resumable', client, pod: 'shop', keyId: 'k', bytes, expiresAt: inAnHour() };
}

async function outcomes(all: Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(all);
  return settled
    .map((one) => (one.status === 'fulfilled' ? 'ok' : (one.reason as { code: string }).code))
    .sort();
}

describe('quotas', () => {
  const db = useDatabase();
  let quotas: Quotas;
  let records: ArtifactRecords;
  let uploads: Uploads;
  beforeEach(() => {
    quotas = new Quotas(db.dataSource, roomy);
    records = new ArtifactRecords(db.dataSource, quotas);
    uploads = new Uploads(db.dataSource, quotas);
  });

  it('are the defaults, unless the client has its own', async () => {
    expect(await quotas.limits('acme')).toEqual(roomy);
    await quotas.set('acme', { bytes: 5, openUploads: 0 });
    expect(await quotas.limits('acme')).toEqual({ ...roomy, bytes: 5, openUploads: 0 });
    expect(await quotas.limits('rival')).toEqual(roomy);
    await quotas.set('acme', { artifacts: 1 });
    expect(await quotas.limits('acme')).toEqual({ ...roomy, artifacts: 1 });
  });

  it('let one of two uploads at once have the last bytes', async () => {
    for (let round = 0; round < 10; round += 1) {
      const client = `client-${round}`;
      await records.keep(artifactOf(client, `${client} base`, 900), [], stored);
      const two = [1, 2].map((n) => records.keep(artifactOf(client, `${client} ${n}`, 100), [], stored));
      expect(await outcomes(two)).toEqual(['QUOTA.BYTES', 'ok']);
      expect(await quotas.used(client)).toMatchObject({ bytes: 1_000, artifacts: 2 });
    }
  });

  it('count what is reserved, and do not count it twice once it is stored', async () => {
    const opened = await Promise.all([uploads.open(upload(600)), uploads.open(upload(400))]);
    await expect(uploads.open(upload(1))).rejects.toMatchObject({ code: 'QUOTA.BYTES' });
    await expect(records.keep(artifactOf('acme', 'x', 1), [], stored)).rejects.toMatchObject({
      code: 'QUOTA.BYTES',
      details: { used: 1_000, wanted: 1, allowed: 1_000 },
    });
    await records.keep({ ...artifactOf('acme', 'a', 600), uploadId: opened[0].id }, [], stored);
    expect(await quotas.used('acme')).toMatchObject({ bytes: 1_000, artifacts: 1, openUploads: 1 });
    expect(await quotas.used('rival')).toMatchObject({ bytes: 0, artifacts: 0, openUploads: 0 });
  });

  it('give back what was not stored in the end', async () => {
    const lost = records.keep(artifactOf('acme', 'a', 1_000), [], () =>
      Promise.reject(new Error('full disk')),
    );
    await expect(lost).rejects.toThrow('full disk');
    expect(await quotas.used('acme')).toMatchObject({ bytes: 0, artifacts: 0 });
  });

  it('let the same artifact in again, whatever is left', async () => {
    await quotas.set('acme', { artifacts: 1, bytes: 10 });
    for (let time = 0; time < 3; time += 1) await records.keep(artifactOf('acme', 'a'), [], stored);
    await expect(records.keep(artifactOf('acme', 'b', 0), [], stored)).rejects.toMatchObject({
      code: 'QUOTA.ARTIFACTS',
    });
  });

  it('bound uploads that are under way, also when many come at once', async () => {
    await quotas.set('acme', { openUploads: 3 });
    const many = Array.from({ length: 8 }, () => uploads.open(upload(1)));
    const all = await outcomes(many);
    expect(all.filter((one) => one === 'ok')).toHaveLength(3);
    expect(new Set(all)).toEqual(new Set(['ok', 'QUOTA.OPEN_UPLOADS']));
  });

  it('count updates that have not begun, once each, wherever they are on their way', async () => {
    await insertDeploymentOf(db.dataSource, 'Queued', {});
    await insertDeploymentOf(db.dataSource, 'Resolving', {});
    await insertDeploymentOf(db.dataSource, 'Installing', {});
    await insertDeploymentOf(db.dataSource, 'Succeeded', {});
    await insertDeploymentOf(db.dataSource, 'Queued', {}, { client: 'rival' });
    const accept = (updateId: string): Promise<unknown> =>
      db.dataSource.transaction(async (manager) => {
        await quotas.admitUpdates(manager, 'acme', 1);
        await manager.query(
          `insert into ingress.updates (id, deployment_id, client, key_id, pod, source, request_digest, created_at)
           values ($1, $1, 'acme', 'k', 'shop', '{}', 'd', now())`,
          [updateId],
        );
      });
    const begun = ulid();
    await accept(begun);
    await insertDeploymentOf(db.dataSource, 'Queued', {}, { updateId: begun });
    expect((await quotas.used('acme')).waitingUpdates).toBe(3);
    await quotas.set('acme', { waitingUpdates: 5 });
    const all = await outcomes(Array.from({ length: 6 }, () => accept(ulid())));
    expect(all.filter((one) => one === 'ok')).toHaveLength(2);
    expect(new Set(all)).toEqual(new Set(['ok', 'QUOTA.WAITING_UPDATES']));
  });

  it('let in so many requests at once, and more as time goes by, over all gateways', async () => {
    await quotas.set('acme', { requestsPerMinute: 60 });
    const another = new Quotas(await db.another(), roomy);
    const ask = (n: number): Promise<void> => (n % 2 ? quotas : another).takeToken('acme');
    const all = await outcomes(Array.from({ length: 90 }, (_, n) => ask(n)));
    const admitted = all.filter((one) => one === 'ok').length;
    expect(admitted).toBeGreaterThanOrEqual(60);
    expect(admitted).toBeLessThanOrEqual(64);
    await expect(
      (async () => {
        for (let n = 0; n < 10; n += 1) await quotas.takeToken('acme');
      })(),
    ).rejects.toMatchObject({ code: 'QUOTA.RATE', retryAfterSeconds: 1 });
    await quotas.takeToken('rival');
    await db.dataSource.query(
      `update ingress.quota_use set refilled_at = refilled_at - interval '10 seconds' where client = 'acme'`,
    );
    for (let n = 0; n < 10; n += 1) await quotas.takeToken('acme');
  });
});
