import type { Provider } from '@nestjs/common';
import {
  ArtifactCollection,
  ArtifactRecords,
  KeptReleases,
  Quotas,
  UploadLeases,
  Uploads,
  type Database,
} from '@podway/persistence';
import type { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { ArtifactCollector } from '../artifacts/artifact-collector.js';
import { ArtifactPublishing } from '../updates/artifact-publishing.js';
import { ArtifactKeeping } from './artifact-keeping.js';
import { DifferenceUploads } from './difference-uploads.js';
import { FinishedUploads } from './finished-uploads.js';
import { TusUploads } from './tus-uploads.js';
import { UploadFolder } from './upload-folder.js';
import { UploadLookup } from './upload-lookup.js';

/** What uploads, artifacts and quotas are made of. */
export function uploadProviders(dataSource: Database, settings: IngressGatewaySettings): Provider[] {
  const quotas = new Quotas(dataSource, {
    bytes: settings.quotaBytes,
    artifacts: settings.quotaArtifacts,
    files: settings.quotaFiles,
    requestsPerMinute: settings.quotaRequestsPerMinute,
    openUploads: settings.quotaOpenUploads,
    waitingUpdates: settings.quotaWaitingUpdates,
  });
  return [
    { provide: Quotas, useValue: quotas },
    { provide: Uploads, useValue: new Uploads(dataSource, quotas) },
    { provide: UploadLeases, useValue: new UploadLeases(dataSource) },
    { provide: ArtifactRecords, useValue: new ArtifactRecords(dataSource, quotas) },
    { provide: ArtifactCollection, useValue: new ArtifactCollection(dataSource) },
    { provide: KeptReleases, useValue: new KeptReleases(dataSource) },
    UploadFolder,
    UploadLookup,
    ArtifactKeeping,
    ArtifactPublishing,
    FinishedUploads,
    TusUploads,
    DifferenceUploads,
    ArtifactCollector,
  ];
}
