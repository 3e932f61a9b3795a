import { createHash } from 'node:crypto';
import type { SignedStatement } from '@podway/contracts';
import { BadRequestError } from '../problems/api.errors.js';

const KEY = /^[\x21-\x7e]{1,200}$/;

/** The Idempotency-Key of a request, if it has one. */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || KEY.test(header)) return header;
  throw new BadRequestError('BAD_HEADER', 'Idempotency-Key must be 1 to 200 visible ASCII characters');
}

/** SHA-256 over what was asked, in an order of our own. */
export function requestDigest(
  request: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const said = Object.entries(request).filter(([, value]) => value !== undefined);
  const canonical = said.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}

/** What of a signed statement belongs to the request: another statement is another request. */
export function statementDigest(signed: SignedStatement | undefined): string | undefined {
  return signed && createHash('sha256').update(signed.payload).digest('hex');
}
