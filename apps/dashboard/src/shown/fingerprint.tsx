import { Copyable } from './copyable.js';

/** The beginning of a SHA-256. */
export function Fingerprint({ value, what = 'fingerprint' }: { value: string | undefined; what?: string }) {
  return value === undefined ? <span>-</span> : <Copyable what={what} value={value} shown={12} />;
}
