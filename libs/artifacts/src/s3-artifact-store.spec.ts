import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startS3, type S3TestServer } from '@podway/testing/s3';
import { describeStore, MOST_BYTES, type StoreUnderTest } from '../test/store-contract.js';
import { S3ArtifactStore, type S3ArtifactStoreOptions } from './s3-artifact-store.js';

let server: S3TestServer;
let client: S3Client;
let run = 0;

beforeAll(async () => {
  server = await startS3();
  client = new S3Client({
    region: 'us-east-1',
    endpoint: server.endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
});
afterAll(() => server.close());

function optionsFor(prefix: string, endpoint = server.endpoint): S3ArtifactStoreOptions {
  const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  return {
    bucket: 'podway',
    region: 'us-east-1',
    pathStyle: true,
    maxBytes: MOST_BYTES,
    prefix,
    endpoint,
    ...keys,
  };
}

async function start(): Promise<StoreUnderTest & { store: S3ArtifactStore; prefix: string }> {
  run += 1;
  const prefix = `run${run}/`;
  return {
    store: new S3ArtifactStore(optionsFor(prefix)),
    prefix,
    damage: async (digest, content) => {
      const Key = `${prefix}${digest.slice(0, 2)}/${digest}`;
      await client.send(new PutObjectCommand({ Bucket: 'podway', Key, Body: content }));
    },
    everything: async () => {
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket: 'podway', Prefix: prefix }),
      );
      return Contents.map(({ Key = '' }) => Key);
    },
    close: async () => undefined,
  };
}

describeStore('artifacts in S3', start);

/** Passes connections on to the server and cuts each after so many bytes of answer, so often. */
async function cuttingProxy(
  afterBytes: number,
  times: number,
): Promise<{ endpoint: string; listener: Server }> {
  let left = times;
  const port = Number(new URL(server.endpoint).port);
  const listener = createServer((socket: Socket) => {
    const onward = connect(port, '127.0.0.1');
    let answered = 0;
    socket.on('error', () => undefined).pipe(onward);
    onward.on('error', () => undefined).on('close', () => socket.destroy());
    onward.on('data', (chunk: Buffer) => {
      answered += chunk.length;
      socket.write(chunk);
      if (answered <= afterBytes || left <= 0) return;
      left -= 1;
      socket.destroy();
      onward.destroy();
    });
    socket.on('close', () => onward.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return { endpoint: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`, listener };
}

describe('a connection to S3 that breaks', () => {
  const content = Buffer.alloc(6 * 1024 * 1024, 'podway');

  it('in the middle of reading is taken up where it broke', async () => {
    const { store, prefix } = await start();
    const { digest } = await store.put(Readable.from([content], { objectMode: false }));
    const { endpoint, listener } = await cuttingProxy(1024 * 1024, 2);
    const read = await buffer(await new S3ArtifactStore(optionsFor(prefix, endpoint)).open(digest));
    expect(content.equals(read)).toBe(true);
    listener.close();
  });

  it('again and again is told as a store that does not work', async () => {
    const { store, prefix } = await start();
    const { digest } = await store.put(Readable.from([content], { objectMode: false }));
    const { endpoint, listener } = await cuttingProxy(64 * 1024, 1_000);
    const reading = new S3ArtifactStore(optionsFor(prefix, endpoint)).open(digest).then(buffer);
    await expect(reading).rejects.toMatchObject({ code: 'ARTIFACT.STORE_UNAVAILABLE', retryable: true });
    listener.close();
  });
});

describe('S3 that does not let us in', () => {
  it('is told as a store that does not work, not as a missing artifact', async () => {
    const store = new S3ArtifactStore({ ...optionsFor('x/'), accessKeyId: 'NOBODY' });
    const refused = { code: 'ARTIFACT.STORE_UNAVAILABLE' };
    await expect(store.open('a'.repeat(64))).rejects.toMatchObject(refused);
    await expect(store.stat('a'.repeat(64))).rejects.toMatchObject(refused);
    await expect(store.put(Readable.from([Buffer.from('x')], { objectMode: false }))).rejects.toMatchObject(
      refused,
    );
  });

  it('has no such bucket', async () => {
    const store = new S3ArtifactStore({ ...optionsFor('x/'), bucket: 'nowhere' });
    await expect(store.put(Readable.from([Buffer.from('x')], { objectMode: false }))).rejects.toMatchObject({
      code: 'ARTIFACT.STORE_UNAVAILABLE',
    });
  });
});

it('removes what a killed process has left', async () => {
  const { store, prefix, everything } = await start();
  await client.send(new PutObjectCommand({ Bucket: 'podway', Key: `${prefix}incoming/x`, Body: 'x' }));
  expect(await store.removeAbandoned({ olderThanMs: 3_600_000 })).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await store.removeAbandoned({ olderThanMs: 1_000 })).toBe(1);
  expect(await everything()).toEqual([]);
});
