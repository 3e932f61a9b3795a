import type { PublishedUpdate } from '../deployment-handle.js';
import type { Podway, PublishOptions } from '../podway.js';
import { publishByDifference } from './by-difference.js';
import { countedFolder } from './counted.js';
import { publishResumable } from './resumable.js';

export const uploadWays = ['whole', 'resumable', 'difference'] as const;
export type UploadWay = (typeof uploadWays)[number];

/** What an upload has sent. */
export interface SentBytes {
  readonly way: UploadWay;
  readonly bytesSent: number;
  /** Of the bundle that the gateway has now. */
  readonly bundleBytes: number;
}

export interface FolderOptions extends Omit<PublishOptions, 'idempotencyKey'> {
  /** Where uploads that broke off are remembered, and continued by the next call with the same content. Default: nowhere. */
  readonly resumeFolder?: string;
  /** `total` is not known for a folder that is sent as a whole. */
  readonly onProgress?: (sent: number, total: number | undefined) => void;
}

export interface FolderUpload {
  readonly published: PublishedUpdate;
  readonly sent: SentBytes;
}

/**
 * Publishes a folder. `resumable` and `difference` need the POD's name in the options, and no signature: what is signed is
 * sent as a whole. Default: by difference when the client has stored an artifact before, else as a whole.
 */
export async function publishFolder(
  podway: Podway,
  folder: string,
  options: FolderOptions = {},
  way?: UploadWay,
): Promise<FolderUpload> {
  const { pod: named, signature, urgent } = options;
  const pod = signature === undefined && urgent !== true ? named : undefined;
  if (pod !== undefined && way === 'resumable') return publishResumable(podway, folder, { ...options, pod });
  if (pod !== undefined && (way === 'difference' || (way === undefined && (await hasStored(podway, pod))))) {
    const done = await publishByDifference(podway, folder, { ...options, pod });
    if (done) return done;
  }
  return publishWhole(podway, folder, options);
}

async function hasStored(podway: Podway, pod: string): Promise<boolean> {
  return (await podway.artifacts({ pod, limit: 1 })).length > 0;
}

async function publishWhole(
  podway: Podway,
  folder: string,
  { onProgress, resumeFolder: _, ...options }: FolderOptions,
): Promise<FolderUpload> {
  let bytes = 0;
  const bundle = (): ReadableStream<Uint8Array> => {
    bytes = 0;
    return countedFolder(folder, (more) => {
      bytes += more;
      onProgress?.(bytes, undefined);
    });
  };
  const published = await podway.publish(bundle, options);
  return { published, sent: { way: 'whole', bytesSent: bytes, bundleBytes: bytes } };
}
