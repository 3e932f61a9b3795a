import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOf, shopBundle } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';
import { sha256, shopFiles, Uploader } from '../../../test/uploads.js';

let gateway: TestGateway;
let publisher: Uploader;
let operator: Uploader;

beforeAll(async () => {
  gateway = await startGateway({
    PODWAY_ARTIFACT_RETENTION_MS: '3600000',
    PODWAY_QUOTA_REQUESTS_PER_MINUTE: '1000',
  });
  await gateway.apply([pod('shop', 'acme', { state: { driver: 'tree', keep: 2 } })]);
  publisher = new Uploader(gateway, await gateway.key('acme', 'publisher'));
  operator = new Uploader(gateway, await gateway.key('*', 'operator'));
});
afterAll(() => gateway.close());

const store = () => gateway.context.infrastructure.artifacts;

async function uploaded(): Promise<string> {
  const bundle = await shopBundle(ulid());
  const { headers } = await publisher.create(bundle.length).expect(201);
  await publisher.patch(headers.location as string, 0, bundle).expect(204);
  return sha256(bundle);
}

async function ageAll(): Promise<void> {
  await gateway.dataSource.query(`update ingress.artifacts set last_used_at = now() - interval '2 hours'`);
}

const collect = (body: object = {}) => operator.send('post', '/v1/artifacts/collect').send(body).expect(200);

describe('artifacts', () => {
  it('are listed, and collected once nothing needs them', async () => {
    const [needed, unneeded] = [await uploaded(), await uploaded()];
    await publisher.send('post', '/v1/updates').send({ pod: 'shop', artifact: needed }).expect(202);
    await ageAll();
    const fresh = await uploaded();
    const { body: list } = await publisher.send('get', '/v1/artifacts').expect(200);
    expect(list.artifacts).toMatchObject([
      { digest: fresh, needed: false },
      { digest: unneeded, needed: false },
      { digest: needed, needed: true, client: 'acme', name: 'shop', version: '1.0.0' },
    ]);
    const dry = (await collect({ dryRun: true })).body;
    expect(dry).toMatchObject({ dryRun: true, artifacts: [{ digest: unneeded, client: 'acme' }] });
    expect(await store().stat(unneeded)).toBeDefined();
    const { body } = await collect();
    expect(body).toMatchObject({ dryRun: false, busy: false, artifacts: [{ digest: unneeded }] });
    expect(await store().stat(unneeded)).toBeUndefined();
    expect(await store().stat(needed)).toBeDefined();
    expect(await store().stat(fresh)).toBeDefined();
    const gone = await publisher.send('post', '/v1/updates').send({ pod: 'shop', artifact: unneeded });
    expect([gone.status, gone.body.code]).toEqual([404, 'ARTIFACT.NOT_FOUND']);
  });

  it('without a record, and uploads that were given up, are collected too', async () => {
    const { digest } = await store().put(
      Readable.from([await bundleOf({ orphan: ulid() })], { objectMode: false }),
    );
    const young = await store().put(
      Readable.from([await bundleOf({ young: ulid() })], { objectMode: false }),
    );
    const place = join(gateway.artifactsDir, digest.slice(0, 2), digest);
    await utimes(place, new Date(0), new Date(0));
    const { headers } = await publisher.create(10).expect(201);
    await gateway.dataSource.query(`update ingress.uploads set expires_at = now() - interval '1 second'`);
    const folder = join(gateway.artifactsDir, 'uploads');
    for (const name of ['spool-old', ulid()]) {
      await writeFile(join(folder, name), 'x');
      await utimes(join(folder, name), new Date(0), new Date(0));
    }
    const { body } = await collect();
    expect(body.orphans).toBe(1);
    expect(body.uploads).toBeGreaterThan(0);
    expect(await store().stat(digest)).toBeUndefined();
    expect(await store().stat(young.digest)).toBeDefined();
    await publisher.head(headers.location as string).expect(404);
    expect(await readdir(folder)).toEqual([]);
  });

  it('survive being stored again in the moment of their collection', async () => {
    for (let round = 0; round < 5; round += 1) {
      const bundle = await shopBundle(ulid());
      const put = async (): Promise<void> => {
        const { headers } = await publisher.create(bundle.length).expect(201);
        await publisher.patch(headers.location as string, 0, bundle).expect(204);
      };
      await put();
      await ageAll();
      await Promise.all([collect(), put(), collect()]);
      expect(await store().stat(sha256(bundle)), `round ${round}`).toBeDefined();
      await publisher
        .send('post', '/v1/updates')
        .send({ pod: 'shop', artifact: sha256(bundle) })
        .expect(202);
    }
  });
});

describe('quotas over HTTP', () => {
  it('are shown and set, and refuse with what is used and allowed', async () => {
    const { body: before } = await publisher.send('get', '/v1/clients/acme/quota').expect(200);
    expect(before.limits.bytes).toBe(50 * 1024 ** 3);
    const tight = { bytes: before.used.bytes + 5, files: 1 };
    const { body: set } = await operator.send('put', '/v1/clients/acme/quota').send(tight).expect(200);
    expect(set.limits).toMatchObject({ ...tight, artifacts: 10_000 });
    const bundle = await bundleOf(shopFiles({ 'q.html': ulid() }));
    const upload = await publisher.create(bundle.length);
    expect([upload.status, upload.body.code]).toEqual([422, 'QUOTA.BYTES']);
    expect(upload.body.detail).toContain(`${before.used.bytes} of ${tight.bytes} bytes`);
    const whole = (): ReturnType<Uploader['send']> =>
      publisher.send('post', '/v1/updates?pod=shop').type('application/gzip').send(bundle);
    expect((await whole()).body.code).toBe('QUOTA.FILES');
    await operator.send('put', '/v1/clients/acme/quota').send({ bytes: tight.bytes }).expect(200);
    expect((await whole()).body.code).toBe('QUOTA.BYTES');
    await operator.send('put', '/v1/clients/acme/quota').send({ waitingUpdates: 0 }).expect(200);
    expect((await whole()).body.code).toBe('QUOTA.WAITING_UPDATES');
    await operator.send('put', '/v1/clients/acme/quota').send({ requestsPerMinute: 1 }).expect(200);
    const answers = await Promise.all([1, 2, 3].map(() => publisher.create(1)));
    const late = answers.find(({ status }) => status === 429);
    expect([late?.body.code, late?.headers['retry-after']]).toEqual([
      'QUOTA.RATE',
      expect.stringMatching(/^\d+$/),
    ]);
    await publisher.send('get', '/v1/clients/acme/quota').expect(200);
    await operator.send('put', '/v1/clients/acme/quota').send({}).expect(200);
    // The bucket is empty, and fills again.
    await expect.poll(async () => (await whole()).status).toBe(202);
  });

  it.each([{ bytes: -1 }, { bytes: 'x' }, { files: 0 }, { other: 1 }])('are not set to %j', async (body) => {
    const answer = await operator.send('put', '/v1/clients/acme/quota').send(body);
    expect([answer.status, answer.body.code]).toEqual([422, 'INPUT.INVALID']);
  });
});
