import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { BundleManifest, Component } from '@podway/contracts';
import { BundleRefusedError } from './bundle.errors.js';
import type { CanonicalEntry } from './canonical-bundle.js';
import { defaultBundleLimits, type BundleLimits } from './bundle-limits.js';
import { readBundle, type BundleEntry } from './bundle-reader.js';
import { filesOf, isWithin, pathWithin, staysWithin, takesFromBundle } from './component-paths.js';
import { EntryRules, type CheckedEntry } from './entry-rules.js';
import { defaultManifest, MANIFEST_NAME, parseManifest } from './manifest-file.js';

export interface InspectBundleOptions {
  /** Name and version of a bundle without `podway.yaml`. Default `content` and `1`. */
  name?: string;
  version?: string;
  limits?: Partial<BundleLimits>;
  /** Told of each file and its content's digest. Without it contents are passed over. */
  onFile?: (file: InspectedFile) => void;
}

export interface InspectedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface BundleInspection {
  readonly manifest: BundleManifest;
  /** Files, folders and links. */
  readonly entries: number;
  /** Of all files, unpacked. */
  readonly bytes: number;
}

/**
 * Reads a tar or tar.gz bundle once, from its first to its last byte, writes nothing, and tells what is in it.
 * Refuses, and never repairs, what is not plainly safe: {@link BundleRefusedError}. The stream is destroyed after.
 */
export async function inspectBundle(
  stream: Readable,
  options: InspectBundleOptions = {},
): Promise<BundleInspection> {
  const limits = { ...defaultBundleLimits, ...options.limits };
  const rules = new EntryRules(limits);
  const seen: CheckedEntry[] = [];
  let manifest: BundleManifest | undefined;
  for await (const entry of readBundle(stream, limits, rules)) {
    const { path, kind, executable, size, linkTarget } = entry;
    seen.push({ path, kind, executable, size, linkTarget });
    const hash = options.onFile && kind === 'file' ? createHash('sha256') : undefined;
    if (path === MANIFEST_NAME) {
      manifest = parseManifest(await manifestText(entry, limits.maxManifestBytes, hash));
    } else if (hash) for await (const chunk of entry.content) hash.update(chunk);
    if (hash) options.onFile?.({ path, bytes: size, sha256: hash.digest('hex') });
  }
  const hasFiles = seen.some(({ path, kind }) => kind !== 'directory' && path !== MANIFEST_NAME);
  if (!hasFiles && manifest?.components.some(takesFromBundle) !== false)
    throw new BundleRefusedError('EMPTY');
  manifest ??= defaultManifest(options.name ?? 'content', options.version ?? '1');
  for (const component of manifest.components) {
    if (takesFromBundle(component)) checkComponent(component, seen);
  }
  return { manifest, entries: rules.entries, bytes: rules.bytes };
}

/**
 * Reads the archive that a component fetches in place of the bundle, by the rules for bundles.
 * @throws BundleRefusedError
 */
export async function inspectSource(
  stream: Readable,
  component: Component,
  limits: Partial<BundleLimits> = {},
): Promise<void> {
  const seen: CheckedEntry[] = [];
  for await (const entry of readBundle(stream, { ...defaultBundleLimits, ...limits })) {
    const { path, kind, executable, size, linkTarget } = entry;
    seen.push({ path, kind, executable, size, linkTarget });
  }
  checkComponent(component, seen);
}

async function manifestText(entry: BundleEntry, maxBytes: number, hash?: Hash): Promise<string> {
  const refuse = (reason: string): never => {
    throw new BundleRefusedError('MANIFEST_INVALID', { reason });
  };
  if (entry.kind !== 'file') refuse('it is not a file');
  if (entry.size > maxBytes) refuse(`it is larger than ${maxBytes} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry.content) chunks.push(chunk);
  for (const chunk of chunks) hash?.update(chunk);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return refuse('it is not UTF-8');
  }
}

function checkComponent(component: Component, entries: readonly CheckedEntry[]): void {
  const details = { component: component.name };
  if (component.installer === 'script') {
    const [program = ''] = component.run ?? [];
    const path = program.replace(/^\.\//, '');
    const found = entries.some((entry) => entry.path === path && entry.kind === 'file' && entry.executable);
    if (program.includes('/') && !found)
      throw new BundleRefusedError('PROGRAM_MISSING', { at: program, details });
    return;
  }
  if (component.installer !== 'archive') {
    const missing = filesOf(component).find(
      (path) => !entries.some((entry) => entry.path === path && entry.kind === 'file'),
    );
    if (missing !== undefined) throw new BundleRefusedError('FILE_MISSING', { at: missing, details });
    return;
  }
  const { source } = component;
  const own = entries.filter(({ path }) => isWithin(component, path));
  if (!own.some(({ path }) => path !== source)) {
    throw new BundleRefusedError('SOURCE_MISSING', { at: source ?? '.', details });
  }
  for (const { path, linkTarget } of own) {
    if (path === source && linkTarget !== undefined)
      throw new BundleRefusedError('SOURCE_MISSING', { at: path, details });
    if (linkTarget !== undefined && !staysWithin(pathWithin(component, path), linkTarget)) {
      throw new BundleRefusedError('LINK_ESCAPES', { at: path, reason: linkTarget, details });
    }
  }
}

/**
 * Judges a bundle's entries before their contents are there, by the rules for an uploaded one.
 * @throws BundleRefusedError
 */
export function judgeEntries(entries: readonly CanonicalEntry[], limits: Partial<BundleLimits> = {}): void {
  const rules = new EntryRules({ ...defaultBundleLimits, ...limits });
  for (const { path: name, kind: type, size = 0, target } of entries) {
    const checked = rules.check({ name, type, mode: 0, size, linkname: target ?? null });
    if (checked.path !== name) throw new BundleRefusedError('NAME_INVALID', { at: name });
  }
}

/**
 * Judges what a manifest's components take from a bundle before its contents are there.
 * @throws BundleRefusedError
 */
export function judgeComponents(
  { components }: Pick<BundleManifest, 'components'>,
  entries: readonly CanonicalEntry[],
): void {
  const seen = entries.map(({ path, kind, executable = false, size = 0, target: linkTarget }) => ({
    ...{ path, kind, executable, size, linkTarget },
  }));
  for (const component of components) if (takesFromBundle(component)) checkComponent(component, seen);
}
