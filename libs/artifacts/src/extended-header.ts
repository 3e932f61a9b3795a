import { BundleRefusedError } from './bundle.errors.js';

export type ExtendedHeaderKind = 'pax' | 'pax-global' | 'gnu';

/**
 * Checks the data of an extended header: pax records are well-formed, and none changes what an entry is or how long.
 * A global header may only hold comments (`git archive` writes one): readers differ in how far the rest reaches.
 */
export function checkExtendedHeader(kind: ExtendedHeaderKind, data: Buffer): void {
  if (kind === 'gnu') return;
  const seen = new Set<string>();
  for (let rest = data; rest.length > 0;) {
    const { keyword, length } = firstRecord(rest);
    if (seen.has(keyword)) throw malformed(`the extended header has ${keyword} twice`);
    seen.add(keyword);
    if (kind === 'pax-global' && keyword !== 'comment') {
      throw malformed(`the global extended header sets ${keyword}`);
    }
    if (keyword === 'size') throw malformed('the extended header changes the size');
    if (keyword.startsWith('GNU.sparse'))
      throw new BundleRefusedError('SPECIAL_FILE', { reason: 'a sparse file' });
    if (/xattr\.security\./i.test(keyword)) throw new BundleRefusedError('SPECIAL_MODE', { reason: keyword });
    rest = rest.subarray(length);
  }
}

/** A record is `<length> <keyword>=<value>\n`; the length counts itself. */
function firstRecord(data: Buffer): { keyword: string; length: number } {
  const digits = /^([1-9][0-9]{0,5}) /.exec(data.toString('latin1', 0, 8))?.[1];
  const length = Number(digits);
  if (!digits || length > data.length || data[length - 1] !== 0x0a) {
    throw malformed('the extended header has a broken record');
  }
  const record = data.subarray(digits.length + 1, length - 1);
  const equals = record.indexOf('=');
  if (equals < 1) throw malformed('the extended header has a record without a keyword');
  return { keyword: record.toString('utf8', 0, equals), length };
}

function malformed(reason: string): BundleRefusedError {
  return new BundleRefusedError('MALFORMED', { reason });
}
