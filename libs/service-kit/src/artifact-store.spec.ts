import { describe, expect, it } from 'vitest';
import { DirectoryArtifactStore, S3ArtifactStore } from '@podway/artifacts';
import { artifactStore } from './artifact-store.js';
import { CommonSettings } from './common-settings.js';
import { readSettings } from './settings.js';

const database = { DATABASE_URL: 'postgres://x' };
const s3 = {
  ...database,
  PODWAY_ARTIFACTS: 's3',
  PODWAY_S3_BUCKET: 'podway',
  PODWAY_S3_ACCESS_KEY_ID: 'id',
  PODWAY_S3_SECRET_ACCESS_KEY: 'secret',
};

describe('the artifact store of the settings', () => {
  it('is a folder, or a bucket', () => {
    expect(artifactStore(readSettings(CommonSettings, database))).toBeInstanceOf(DirectoryArtifactStore);
    expect(artifactStore(readSettings(CommonSettings, s3))).toBeInstanceOf(S3ArtifactStore);
  });

  it.each([
    ['PODWAY_S3_BUCKET', ''],
    ['PODWAY_S3_BUCKET', 'Not A Bucket'],
    ['PODWAY_S3_ACCESS_KEY_ID', ''],
    ['PODWAY_S3_SECRET_ACCESS_KEY', ''],
    ['PODWAY_S3_PREFIX', 'no-slash-at-its-end'],
    ['PODWAY_S3_ENDPOINT', 's3.example'],
    ['PODWAY_ARTIFACTS', 'ftp'],
  ])('is refused at the start when %s is "%s"', (name, value) => {
    expect(() => readSettings(CommonSettings, { ...s3, [name]: value })).toThrow(name);
  });

  it('asks for nothing of S3 when it is a folder', () => {
    expect(
      readSettings(CommonSettings, { ...database, PODWAY_ARTIFACTS: 'directory' }).s3Bucket,
    ).toBeUndefined();
  });
});
