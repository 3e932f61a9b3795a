import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import {
  inspectBundle,
  type ArtifactStore,
  type BundleInspection,
  type BundleLimits,
  type InspectedFile,
} from '@podway/artifacts';
import { BadRequestError } from '../problems/api.errors.js';

export interface UploadedBundle extends BundleInspection {
  /** SHA-256 of the bundle. */
  readonly digest: string;
  /** Size of the bundle. */
  readonly bundleBytes: number;
  readonly files: readonly InspectedFile[];
}

export interface UploadOptions {
  readonly store: ArtifactStore;
  readonly limits: Partial<BundleLimits>;
  /** Most bytes that the bundle may have. */
  readonly maxBytes: number;
  /** What is said of more bytes than that. */
  readonly tooLarge?: () => Error;
  /** Looks at digest and size once all bytes are there; what it throws refuses the bundle. */
  readonly whole?: (read: { digest: string; bytes: number }) => void;
  /** Looks at the whole bundle before it is kept; when this rejects, nothing is. False: it is not needed. */
  readonly admit: (bundle: UploadedBundle) => Promise<boolean>;
  /** Writes an admitted bundle down around `commit`, which ends its way into the store. */
  readonly keep: (bundle: UploadedBundle, commit: () => Promise<void>) => Promise<void>;
}

/**
 * Reads a bundle once, into the inspection and into the store side by side, never into memory.
 * The store gets to see the end only after the bundle was found good and admitted, so a refused one was never stored.
 */
export async function inspectedUpload(body: Readable, options: UploadOptions): Promise<void> {
  const inspecting = quiet(new PassThrough());
  const storing = quiet(new PassThrough());
  const files: InspectedFile[] = [];
  const inspection = inspectBundle(inspecting, {
    limits: options.limits,
    onFile: (file) => files.push(file),
  });
  const storage = options.store.put(storing);
  const inspected = inspection.then(() => true);
  const broken = Promise.all([inspection, storage]).then(() => undefined);
  for (const promise of [inspection, storage, inspected, broken]) promise.catch(() => undefined);

  try {
    const tooLarge = options.tooLarge ?? (() => bundleTooLarge(options.maxBytes));
    const limit = { maxBytes: options.maxBytes, tooLarge };
    const { digest, bytes } = await readThrough(body, limit, async (chunk) => {
      const stored = written(storing, chunk);
      // An inspection that has seen enough stops reading; it must not stop the store.
      await Promise.race([written(inspecting, chunk), inspected]);
      await Promise.race([stored, broken]);
    });
    options.whole?.({ digest, bytes });
    inspecting.end();
    const bundle: UploadedBundle = { ...(await inspection), digest, bundleBytes: bytes, files };
    if (!(await options.admit(bundle))) {
      await dropped(storing, storage);
      return;
    }
    await options.keep(bundle, async () => {
      storing.end();
      await storage;
    });
  } catch (error) {
    inspecting.destroy();
    await dropped(storing, storage);
    throw error;
  }
}

/** Lets the store forget what it has got so far, and waits until it has. */
async function dropped(storing: PassThrough, storage: Promise<unknown>): Promise<void> {
  storing.destroy(new Error('the bundle is not kept'));
  await storage.catch(() => undefined);
}

async function readThrough(
  body: Readable,
  { maxBytes, tooLarge }: { maxBytes: number; tooLarge: () => Error },
  pass: (chunk: Buffer) => Promise<void>,
): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  // Not destroyed on a refusal: the rest of the body is read away before the answer is sent.
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  for (;;) {
    const next = await chunks.next().catch(() => {
      throw new BadRequestError('BODY_CUT_SHORT', 'The connection ended before the bundle did');
    });
    if (next.done) return { digest: hash.digest('hex'), bytes };
    bytes += next.value.length;
    if (bytes > maxBytes) throw tooLarge();
    hash.update(next.value);
    await pass(next.value);
  }
}

/** The bundle is larger than this gateway takes. */
export function bundleTooLarge(maxBytes: number): BadRequestError {
  return new BadRequestError('BODY_TOO_LARGE', `The bundle is larger than ${maxBytes} bytes`);
}

async function written(stream: PassThrough, chunk: Buffer): Promise<void> {
  if (!stream.destroyed && !stream.write(chunk)) await once(stream, 'drain');
}

/** Errors of these streams are told by the promises of who reads them. */
function quiet(stream: PassThrough): PassThrough {
  return stream.on('error', () => undefined);
}
