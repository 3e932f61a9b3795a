import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tus from 'tus-js-client';
import type { Problem, UploadView } from '@podway/contracts';
import { packDirectory } from '../pack-directory.js';
import type { Podway } from '../podway.js';
import { delayMs } from '../retry.js';
import { ApiError, UnreachableError } from '../sdk.errors.js';
import type { FolderOptions, FolderUpload } from './publish-folder.js';
import { wordsOf } from './words.js';

/** Bytes of one request: what a proxy with a limit to bodies may still let through. */
const CHUNK_BYTES = 64 * 1024 * 1024;

interface Packed {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Packs the folder into a temporary file and sends that by tus: an upload that breaks off goes on where it broke. */
export async function publishResumable(
  podway: Podway,
  folder: string,
  options: FolderOptions & { pod: string },
): Promise<FolderUpload> {
  const { pod, signal } = options;
  const temporary = await mkdtemp(join(tmpdir(), 'podway-upload-'));
  try {
    const packed = await pack(folder, join(temporary, 'bundle.tar.gz'));
    const bytesSent = await send(podway, packed, options);
    const published = await podway.publishArtifact(
      { pod, artifact: packed.sha256, ...wordsOf(options) },
      signal ? { signal } : {},
    );
    return { published, sent: { way: 'resumable', bytesSent, bundleBytes: packed.bytes } };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function pack(folder: string, file: string): Promise<Packed> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(packDirectory(folder), hashing, createWriteStream(file, { mode: 0o600 }));
  return { file, sha256: hash.digest('hex'), bytes: (await stat(file)).size };
}

/** Resolves with the bytes that were sent by this call. */
async function send(
  podway: Podway,
  packed: Packed,
  options: FolderOptions & { pod: string },
): Promise<number> {
  const memory = remembered(podway.connection.url, packed, options);
  const uploadUrl = await memory.read();
  const { bytes, sha256 } = packed;
  let first: number | undefined;
  let last = 0;
  const url = await new Promise<string>((resolve, reject) => {
    const upload = new tus.Upload(createReadStream(packed.file) as unknown as Blob, {
      endpoint: `${podway.connection.url}/v1/uploads`,
      ...(uploadUrl === undefined ? {} : { uploadUrl }),
      uploadSize: bytes,
      chunkSize: CHUNK_BYTES,
      metadata: { pod: options.pod, sha256 },
      headers: podway.connection.authorization(),
      retryDelays: Array.from({ length: 6 }, (_, attempt) => delayMs(attempt + 1, podway.connection.retry)),
      onShouldRetry: ({ originalResponse }) => mayHelp(originalResponse?.getStatus() ?? 0),
      onUploadUrlAvailable: () => void memory.write(upload.url ?? ''),
      onProgress: (sent) => {
        first ??= sent;
        last = Math.max(last, sent);
        options.onProgress?.(sent, bytes);
      },
      onSuccess: () => resolve(upload.url ?? ''),
      onError: (error) => reject(errorOf(error, podway.connection.url)),
    });
    const stop = (): void => void upload.abort().then(() => reject(options.signal?.reason as Error));
    options.signal?.addEventListener('abort', stop, { once: true });
    upload.start();
  });
  await finished(podway, url.replace(/^.*\//, ''), bytes);
  await memory.forget();
  return last - Math.min(first ?? 0, last);
}

/** The answer to the last bytes may have been lost, or the gateway before it had looked at them: then it is asked again. */
async function finished(podway: Podway, id: string, bytes: number): Promise<void> {
  const path = `/v1/uploads/${id}`;
  const { state } = await podway.connection.json<UploadView>({ method: 'GET', path });
  if (state === 'finished') return;
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-offset': String(bytes),
    'content-type': 'application/offset+octet-stream',
  };
  const body = (): Uint8Array => new Uint8Array();
  await podway.connection.answer({ method: 'PATCH', path, headers, body, repeatable: true, unlimited: true });
}

function mayHelp(status: number): boolean {
  return status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
}

function errorOf(error: Error, url: string): Error {
  const { originalResponse, causingError } = error as Partial<tus.DetailedError>;
  if (!originalResponse) return new UnreachableError(url, causingError ?? error);
  let problem: Problem | undefined;
  try {
    problem = JSON.parse(originalResponse.getBody()) as Problem;
  } catch {
    problem = undefined;
  }
  return new ApiError(originalResponse.getStatus(), problem, '/v1/uploads');
}

/** The address of an upload of this content, kept in a file until it has ended. */
function remembered(url: string, { sha256 }: Packed, { pod, resumeFolder }: FolderOptions & { pod: string }) {
  const key = createHash('sha256').update(`${url}\n${pod}\n${sha256}`).digest('hex');
  const file = resumeFolder === undefined ? undefined : join(resumeFolder, key);
  return {
    read: async () => (file === undefined ? undefined : readFile(file, 'utf8').catch(() => undefined)),
    async write(address: string): Promise<void> {
      if (file === undefined || resumeFolder === undefined) return;
      await mkdir(resumeFolder, { recursive: true, mode: 0o700 });
      await writeFile(file, address, { mode: 0o600 });
    },
    async forget(): Promise<void> {
      if (file !== undefined) await rm(file, { force: true });
    },
  };
}
