import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import {
  canonicalBundle,
  FileSpool,
  judgeEntries,
  readFilesOf,
  receivedContents,
  type ArtifactStore,
} from '@podway/artifacts';
import {
  InvalidInputError,
  type DifferenceEntry,
  type DifferenceRequest,
  type DifferenceView,
  type UploadedArtifactView,
} from '@podway/contracts';
import { ArtifactRecords, Uploads, type Identity, type UploadEntity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { refuseUnstorableText } from '../input/storable-text.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { ARTIFACTS } from '../tokens.js';
import { bundleTooLarge, inspectedUpload } from '../updates/inspected-upload.js';
import { ArtifactKeeping } from './artifact-keeping.js';
import { ContentMissingError } from './upload.errors.js';
import { UploadFolder } from './upload-folder.js';
import { uploadView } from './upload-lookup.js';

/** Stored bundles that are read for one upload. What is in none of the newest ones is sent again. */
const MOST_SOURCES = 8;
const EMPTY = createHash('sha256').digest('hex');
/** Of a tar: a header and the filling of the last block; long paths have another two. */
const BYTES_AN_ENTRY = 2_048;

/** Makes bundles out of what the client has stored and what it sends. */
@Injectable()
export class DifferenceUploads {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly records: ArtifactRecords,
    private readonly keeping: ArtifactKeeping,
    private readonly uploads: Uploads,
    private readonly pods: PodLookup,
    private readonly folder: UploadFolder,
    private readonly settings: IngressGatewaySettings,
  ) {}

  async open(caller: Identity, { pod, entries }: DifferenceRequest): Promise<DifferenceView> {
    const { spec } = await this.pods.find(caller, pod);
    const contents = contentsOf(entries);
    judgeEntries(entries);
    const bytes = entries.reduce((sum, { size = 0 }) => sum + size + BYTES_AN_ENTRY, 0);
    if (bytes > this.settings.maxBundleBytes) throw bundleTooLarge(this.settings.maxBundleBytes);
    const known = await this.records.known(spec.client, [...contents.keys()], MOST_SOURCES);
    const has = new Set(known.map(({ sha256 }) => sha256));
    const expiresAt = new Date(Date.now() + this.settings.uploadExpiresMs);
    const upload = await this.uploads.open({
      ...{ id: ulid(), kind: 'difference', client: spec.client, pod: spec.name, keyId: caller.keyId },
      ...{ bytes, entries, expiresAt },
    });
    return { ...uploadView(upload), missing: [...contents.keys()].filter((sha256) => !has.has(sha256)) };
  }

  /** @throws PodwayError the upload stays, and its missing contents may be sent again */
  async complete(upload: UploadEntity, body: Readable): Promise<UploadedArtifactView> {
    if (upload.artifact !== null) return { artifact: upload.artifact, bytes: upload.bytes };
    const entries = await this.uploads.entries(upload.id);
    const spool = await FileSpool.create(this.folder.path);
    try {
      const contents = contentsOf(entries);
      await receivedContents(body, contents, spool, { maxBytes: upload.bytes });
      await this.readStored(upload.client, contents, spool);
      return await this.keep(upload, entries, spool);
    } finally {
      body.destroy();
      await spool.remove();
    }
  }

  /** What was not sent is read out of stored bundles; each is read once, from its first to its last byte. */
  private async readStored(
    client: string,
    contents: ReadonlyMap<string, number>,
    spool: FileSpool,
  ): Promise<void> {
    const absent = (): string[] => [...contents.keys()].filter((sha256) => !spool.has(sha256));
    const sources = new Map<string, Map<string, string>>();
    for (const { artifact, path, sha256 } of await this.records.known(client, absent(), MOST_SOURCES)) {
      sources.set(artifact, (sources.get(artifact) ?? new Map<string, string>()).set(path, sha256));
    }
    for (const [artifact, files] of sources) {
      if (!(await this.records.touch(client, artifact))) continue;
      await readFilesOf(await this.store.open(artifact), files, spool);
    }
    if (absent().length > 0) throw new ContentMissingError(absent());
  }

  private async keep(
    { id, client }: UploadEntity,
    entries: readonly DifferenceEntry[],
    spool: FileSpool,
  ): Promise<UploadedArtifactView> {
    let made: UploadedArtifactView | undefined;
    await inspectedUpload(
      canonicalBundle(entries, ({ sha256 = '' }) => spool.read(sha256)),
      {
        store: this.store,
        limits: {},
        maxBytes: this.settings.maxBundleBytes,
        admit: async ({ manifest }) => {
          refuseUnstorableText('podway.yaml', manifest);
          return true;
        },
        keep: async (bundle, commit) => {
          const { digest, bundleBytes: bytes, manifest } = bundle;
          await this.keeping.keep({ client, digest, bytes, manifest, uploadId: id }, bundle, commit);
          made = { artifact: digest, bytes };
        },
      },
    );
    if (!made) throw new TypeError('An upload that was admitted is kept');
    return made;
  }
}

/** Bytes of each content by its digest, without the empty one. @throws InvalidInputError */
function contentsOf(entries: readonly DifferenceEntry[]): Map<string, number> {
  const contents = new Map<string, number>();
  for (const { path, kind, size, sha256, target } of entries) {
    const wrong = (reason: string): never => {
      throw new InvalidInputError('The body', [`entries: ${JSON.stringify(path)}: ${reason}`]);
    };
    if (kind === 'symlink' && target === undefined) wrong('a symlink needs a target');
    if (kind !== 'symlink' && target !== undefined) wrong('only a symlink has a target');
    if (kind !== 'file' && (size !== undefined || sha256 !== undefined)) wrong('only a file has a content');
    if (kind !== 'file') continue;
    if (size === undefined || sha256 === undefined) return wrong('a file needs size and sha256');
    if ((contents.get(sha256) ?? size) !== size) wrong('the same content has another size elsewhere');
    if ((size === 0) !== (sha256 === EMPTY)) wrong('size and sha256 do not go together');
    if (size > 0) contents.set(sha256, size);
  }
  return contents;
}
