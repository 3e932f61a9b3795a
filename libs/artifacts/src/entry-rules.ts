import { BundleRefusedError, type BundleFault } from './bundle.errors.js';
import type { BundleLimits } from './bundle-limits.js';

export type EntryKind = 'file' | 'directory' | 'symlink';

export interface EntryFacts {
  /** As the archive has it. */
  readonly name: string;
  readonly type: string | null | undefined;
  readonly mode: number;
  readonly size: number;
  readonly linkname?: string | null;
}

export interface CheckedEntry {
  /** Relative, without `./` in front and `/` at the end. Empty for the bundle's own folder. */
  readonly path: string;
  readonly kind: EntryKind;
  readonly executable: boolean;
  readonly size: number;
  readonly linkTarget?: string;
}

const kinds: Record<string, EntryKind> = { file: 'file', directory: 'directory', symlink: 'symlink' };

/** Judges the entries of one bundle, one after the other. Throws {@link BundleRefusedError} for what is not allowed. */
export class EntryRules {
  readonly #kinds = new Map<string, EntryKind | 'implied'>();
  readonly #folded = new Map<string, string>();
  #entries = 0;
  #bytes = 0;

  constructor(private readonly limits: BundleLimits) {}

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  check(facts: EntryFacts): CheckedEntry {
    const at = facts.name;
    const kind = this.#kind(facts);
    if (facts.mode & 0o7000) throw new BundleRefusedError('SPECIAL_MODE', { at });
    this.#count(facts.size);
    const path = this.#path(facts.name, kind);
    this.#register(path, kind);
    const linkTarget = kind === 'symlink' ? this.#linkTarget(path, facts.linkname ?? '') : undefined;
    return { path, kind, executable: (facts.mode & 0o111) !== 0, size: facts.size, linkTarget };
  }

  #kind({ name, type }: EntryFacts): EntryKind {
    if (type === 'link') throw new BundleRefusedError('HARD_LINK', { at: name });
    const kind = kinds[type ?? ''];
    if (!kind) throw new BundleRefusedError('SPECIAL_FILE', { at: name, reason: type ?? 'unknown type' });
    return kind;
  }

  #count(size: number): void {
    const { maxEntries, maxBytes } = this.limits;
    this.#entries += 1;
    this.#bytes += size;
    if (this.#entries > maxEntries)
      throw new BundleRefusedError('TOO_MANY_ENTRIES', { details: { maxEntries } });
    if (this.#bytes > maxBytes) throw new BundleRefusedError('TOO_LARGE', { details: { maxBytes } });
  }

  #path(name: string, kind: EntryKind): string {
    const refuse = (fault: BundleFault): never => {
      throw new BundleRefusedError(fault, { at: name });
    };
    const { maxPathBytes, maxNameBytes, maxDepth } = this.limits;
    if (name.startsWith('/')) refuse('PATH_ABSOLUTE');
    if (Buffer.byteLength(name) > maxPathBytes) refuse('PATH_TOO_LONG');
    // `tar -C dir .` writes `./` before every name: there is only one way to understand that.
    const relative = name.replace(/^\.\//, '');
    const path = kind === 'directory' ? relative.replace(/\/$/, '') : relative;
    if (kind === 'directory' && (path === '' || path === '.') && name !== '') return '';
    const names = path.split('/');
    if (names.includes('..')) refuse('PATH_ESCAPES');
    if (names.some((one) => one === '' || one === '.' || !isName(one))) refuse('NAME_INVALID');
    if (names.some((one) => Buffer.byteLength(one) > maxNameBytes)) refuse('PATH_TOO_LONG');
    if (names.length > maxDepth) refuse('PATH_TOO_DEEP');
    return path;
  }

  #register(path: string, kind: EntryKind): void {
    const names = path === '' ? [] : path.split('/');
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = names.slice(0, depth).join('/');
      const known = this.#kinds.get(parent);
      if (known === undefined) {
        this.#kinds.set(parent, 'implied');
        this.#fold(parent);
      } else if (known !== 'implied' && known !== 'directory') {
        throw new BundleRefusedError('NOT_A_FOLDER', { at: path });
      }
    }
    const known = this.#kinds.get(path);
    if (known === 'implied' && kind !== 'directory')
      throw new BundleRefusedError('NOT_A_FOLDER', { at: path });
    if (known !== undefined && known !== 'implied') throw new BundleRefusedError('DUPLICATE', { at: path });
    this.#kinds.set(path, kind);
    this.#fold(path);
  }

  /** Two names that another file system would take for one. */
  #fold(path: string): void {
    const folded = path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
    const known = this.#folded.get(folded);
    if (known === undefined) this.#folded.set(folded, path);
    else if (known !== path)
      throw new BundleRefusedError('NAME_COLLISION', { at: path, reason: `also ${known}` });
  }

  #linkTarget(path: string, target: string): string {
    const at = path;
    const { maxPathBytes } = this.limits;
    if (target.startsWith('/')) throw new BundleRefusedError('LINK_ESCAPES', { at, reason: target });
    if (Buffer.byteLength(target) > maxPathBytes) throw new BundleRefusedError('PATH_TOO_LONG', { at });
    const names = target.replace(/\/$/, '').split('/');
    if (names.some((one) => one === '' || !isName(one))) throw new BundleRefusedError('NAME_INVALID', { at });
    if (climb(target) > path.split('/').length - 1) {
      throw new BundleRefusedError('LINK_ESCAPES', { at, reason: target });
    }
    return target;
  }
}

/**
 * How many folders a link target leads up from the folder of its link. A `..` after a name counts as endless:
 * the name may be a link itself, and then nobody knows where `..` leads.
 */
export function climb(target: string): number {
  const names = target.split('/').filter((name) => name !== '.' && name !== '');
  const ups = names.findIndex((name) => name !== '..');
  const leading = ups === -1 ? names.length : ups;
  return names.slice(leading).includes('..') ? Number.POSITIVE_INFINITY : leading;
}

/** U+FFFD is what bytes that are not UTF-8 were read as. A backslash is a separator elsewhere. */
function isName(name: string): boolean {
  return !/[\p{Cc}\p{Zl}\p{Zp}\uFFFD\\]/u.test(name);
}
