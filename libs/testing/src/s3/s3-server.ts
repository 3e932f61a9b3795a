import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

export interface S3TestServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** A real server that speaks S3's protocol, with one bucket, `podway`. Its keys are `S3RVER` and `S3RVER`. */
export async function startS3(): Promise<S3TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'podway-s3-'));
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: 'podway', configs: [] }],
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
