import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspectBundle, S3ArtifactStore } from '@podway/artifacts';
import { Podway } from '@podway/sdk';
import { publishFolder, uploadWays } from '@podway/sdk/uploads';
import { startS3, type S3TestServer } from '@podway/testing/s3';
import { startGatewayAlone, type GatewayAlone } from './support/gateway-alone.js';

let s3: S3TestServer;
let gateway: GatewayAlone;
let folder: string;
let store: S3ArtifactStore;

beforeAll(async () => {
  s3 = await startS3();
  gateway = await startGatewayAlone({
    PODWAY_ARTIFACTS: 's3',
    PODWAY_S3_ENDPOINT: s3.endpoint,
    PODWAY_S3_BUCKET: 'podway',
    PODWAY_S3_PREFIX: 'artifacts/',
    PODWAY_S3_PATH_STYLE: 'true',
    PODWAY_S3_ACCESS_KEY_ID: 'S3RVER',
    PODWAY_S3_SECRET_ACCESS_KEY: 'S3RVER',
  });
  const access = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', pathStyle: true };
  store = new S3ArtifactStore({
    ...{ endpoint: s3.endpoint, region: 'us-east-1', bucket: 'podway', prefix: 'artifacts/' },
    ...access,
  });
  folder = await mkdtemp(join(tmpdir(), 'podway-s3-site-'));
  await mkdir(join(folder, 'pages'));
});
afterAll(async () => {
  await gateway?.stop();
  await s3?.close();
  await rm(folder, { recursive: true, force: true });
});

it('keeps what a gateway takes in S3, whatever way it comes', async () => {
  const podway = new Podway({ url: gateway.api, key: gateway.key });
  for (const [at, way] of uploadWays.entries()) {
    await writeFile(join(folder, 'pages', `${at}.html`), `page ${at}`);
    const { published } = await publishFolder(podway, folder, { pod: 'shop' }, way);
    const digest = published.update.source.artifact ?? '';
    expect(await store.stat(digest)).toBeDefined();
    const { entries } = await inspectBundle(await store.open(digest));
    expect(entries).toBe(at + 2);
  }
  const listed: string[] = [];
  for await (const { digest } of store.list()) listed.push(digest);
  expect(listed.sort()).toEqual((await podway.artifacts()).map(({ digest }) => digest).sort());
  expect(listed).toHaveLength(3);
}, 60_000);
