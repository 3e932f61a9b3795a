import { DirectoryArtifactStore, S3ArtifactStore, type ArtifactStore } from '@podway/artifacts';
import type { CommonSettings } from './common-settings.js';

/** The artifact store that the settings say. */
export function artifactStore(settings: CommonSettings): ArtifactStore {
  if (settings.artifactsIn === 'directory') return new DirectoryArtifactStore(settings.artifactsDir);
  return new S3ArtifactStore({
    bucket: settings.s3Bucket ?? '',
    prefix: settings.s3Prefix,
    region: settings.s3Region,
    pathStyle: settings.s3PathStyle,
    accessKeyId: settings.s3AccessKeyId ?? '',
    secretAccessKey: settings.s3SecretAccessKey ?? '',
    ...(settings.s3Endpoint === undefined ? {} : { endpoint: settings.s3Endpoint }),
  });
}
