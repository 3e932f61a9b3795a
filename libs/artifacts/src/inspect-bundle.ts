import type { Readable } from 'node:stream';
import type { BundleManifest, Component } from '@podway/contracts';
import { BundleRefusedError } from './bundle.errors.js';
import { defaultBundleLimits, type BundleLimits } from './bundle-limits.js';
import { readBundle, type BundleEntry } from './bundle-reader.js';
import { isWithin, pathWithin, staysWithin } from './component-paths.js';
import { EntryRules, type CheckedEntry } from './entry-rules.js';
import { defaultManifest, MANIFEST_NAME, parseManifest } from './manifest-file.js';

export interface InspectBundleOptions {
  /** Name and version of a bundle without `podway.yaml`. Default `content` and `1`. */
  name?: string;
  version?: string;
  limits?: Partial<BundleLimits>;
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
    if (path === MANIFEST_NAME) manifest = parseManifest(await manifestText(entry, limits.maxManifestBytes));
  }
  if (!seen.some(({ path, kind }) => kind !== 'directory' && path !== MANIFEST_NAME)) {
    throw new BundleRefusedError('EMPTY');
  }
  manifest ??= defaultManifest(options.name ?? 'content', options.version ?? '1');
  for (const component of manifest.components) checkComponent(component, seen);
  return { manifest, entries: rules.entries, bytes: rules.bytes };
}

async function manifestText(entry: BundleEntry, maxBytes: number): Promise<string> {
  const refuse = (reason: string): never => {
    throw new BundleRefusedError('MANIFEST_INVALID', { reason });
  };
  if (entry.kind !== 'file') refuse('it is not a file');
  if (entry.size > maxBytes) refuse(`it is larger than ${maxBytes} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry.content) chunks.push(chunk);
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
